-- depends_on: {{ ref('stg_events') }}
{%- set usage = "name in " ~ sql_list(var('usage_events')) -%}
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='written_key',
    post_hook="{{ move_watermarks() }}",
) }}

with

windows as (
    select * from {{ ref('key_windows') }}
),

{%- if is_incremental() %}

touched as (
    {{ keys_touched_since(own_name()) }}
),

wanted as (
    select windows.*
    from windows
    semi join touched on windows.written_key = touched.written_key
)
{%- else %}

    wanted as (
        select * from windows
    )
{%- endif %}

select
    written_key,
    {{ sum_of_windows(of=['events']) }},
    max(last_at) filter (where {{ usage }}) as last_used_at,
    cast(sum(events_30d) filter (where {{ usage }}) as bigint) as usage_30d,
    cast(sum(events_60d) filter (where {{ usage }}) as bigint) as usage_60d
from wanted
group by written_key
