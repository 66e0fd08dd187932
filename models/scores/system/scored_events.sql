-- depends_on: {{ ref('stg_events') }}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    post_hook="{{ keep_counted_events() }}",
) }}

{%- for counted in counted_events() %}
{%- set definition = counted.definition | replace("'", "''") %}
select
    '{{ definition }}' as definition,
    event_id,
    written_key,
    name,
    occurred_at,
    amount,
    properties
from {{ arrivals(ref('stg_events'), definition) if is_incremental() else ref('stg_events') }}
where name = '{{ counted.name | replace("'", "''") }}' and ({{ counted.condition }})
{{ "union all" if not loop.last }}
{%- else %}
select
    '' as definition,
    event_id,
    written_key,
    name,
    occurred_at,
    amount,
    properties
from {{ ref('stg_events') }}
where false
{%- endfor %}
