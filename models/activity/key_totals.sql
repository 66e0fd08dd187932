-- depends_on: {{ ref('stg_events') }}
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
    {{ sum_of_windows(of=['events']) }}
from wanted
group by written_key
