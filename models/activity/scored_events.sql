{{ config(
    materialized='incremental',
    incremental_strategy='append',
    post_hook="{{ keep_counted_events() }}",
) }}

{%- set columns = 'event_id, written_key, name, occurred_at, amount, properties' %}
{%- set all_counted = counted_events() %}

{%- if not all_counted %}

select '' as definition, {{ columns }} from {{ ref('stg_events') }} where false
{%- elif is_incremental() %}

---------- each definition from its own watermark
    {%- for counted in all_counted %}
select {{ sql_text(counted.definition) }} as definition, {{ columns }}
from {{ arrivals(ref('stg_events'), counted.definition) }}
where name = {{ sql_text(counted.name) }} and ({{ counted.condition }})
{{ "union all" if not loop.last }}
    {%- endfor %}
{%- else %}

    ---------- the whole history in one read
    select
        {{ definition_of_counted(all_counted) }} as definition,
        {{ columns }}
    from {{ ref('stg_events') }}
    where {{ is_counted(all_counted) }}
{%- endif %}
