{#-
    A score: a list of reasons (see reason.sql). Produces the score's ledger, one row per contact,
    reason and evidence. The sum of the rows at an instant (see worth.sql) is the score.
      reasons  reason(…), each with a name of its own

    `counts_now` tells whether a row has any worth at the clock. scores.totals filters by it: DuckDB
    pushes the filter down to each reason's input, so ended reasons are not read.
-#}
{% macro score(reasons) -%}
{%- do check_reasons(reasons) -%}
{{ config(materialized='view', meta={'counted_events': events_counted_by(reasons)}) }}
{%- set columns = 'contact_id, reason, part, points, since, half_life_days, ends_at, evidence' %}
with

clock as (
    select as_of from {{ source('control', 'clock') }}
),

{%- if reasons | selectattr('event') | list %}

---------- by key: the contact of a key may change later, also for old events
done as (
    {%- for reason in reasons | selectattr('event') %}
    select
        written_key,
        {{ worth_of(reason, since='occurred_at', evidence='event_id') }}
    from ({{ scoring_events() }}) as events
    cross join clock
    where name = '{{ reason.event | replace("'", "''") }}'
        {%- if reason.where %}
        and ({{ reason.where }})
        {%- endif %}
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

known as (
    select written_key, contact_id from {{ ref('key_contacts') }} where contact_id is not null
),
{%- endif %}

ledger as (
    {%- for reason in reasons | rejectattr('event') %}
    select
        contact_id,
        {{ worth_of(reason, since='since', evidence='evidence', ended_at='ended_at') }}
    from (
        {% if reason.segment -%}
            {{ because_of_segment(reason) }}
        {%- else -%}
            {{ because_of_engagement(reason) }}
        {%- endif %}
    ) as because
    cross join clock
    {{ "union all" if not loop.last }}
    {%- endfor %}
    {%- if reasons | selectattr('event') | list %}
    {{ "union all" if reasons | rejectattr('event') | list }}
    select known.contact_id, done.* exclude (written_key)
    from done
    inner join known on done.written_key = known.written_key
    {%- endif %}
)

select {{ columns }}, counts_now
from ledger
{%- endmacro %}


{#- The ledger's columns for the worth of a reason and its period; arguments are SQL. -#}
{% macro worth_of(reason, since, evidence, ended_at='cast(null as timestamptz)') -%}
        '{{ reason.name | replace("'", "''") }}' as reason,
        '{{ reason.part }}' as part,
        cast({{ reason.points }} as decimal(18, 4)) as points,
        {{ since }} as since,
        cast({{ days_of(reason.half_life) }} as double) as half_life_days,
        {% if reason.life -%}
            least({{ plus(since, reason.life) }}, {{ ended_at }})
        {%- else -%}
            {{ ended_at }}
        {%- endif %} as ends_at,
        {{ evidence }} as evidence,
        {{ since }} <= clock.as_of
        {%- if reason.life %}
            and {{ since }} > {{ minus('clock.as_of', reason.life) }}
        {%- endif %}
            and coalesce({{ ended_at }} > clock.as_of, true) as counts_now
{%- endmacro %}


{% macro scoring_events() -%}
    {%- for model in ['scored_events', 'form_events'] %}
        select event_id, written_key, name, occurred_at, amount, properties
        from {{ ref(model) }}
        {{ "union all" if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{#- From engagement as classified now: an improved machine rule changes past scores too. -#}
{% macro because_of_engagement(reason) -%}
    select
        contact_id,
        min(occurred_at) as since,
        cast(null as timestamptz) as ended_at,
        {{ earliest('event_id', by=['occurred_at', 'event_id']) }} as evidence
    from {{ ref('engagement') }}
    where type = '{{ reason.engagement }}' and is_human and contact_id is not null
        {%- if reason.where %}
        and ({{ reason.where }})
        {%- endif %}
    group by contact_id, coalesce(send_id, event_id)
{%- endmacro %}


{% macro because_of_segment(reason) -%}
    select
        contact_id,
        entered_at as since,
        exited_at as ended_at,
        change_id as evidence
    from ({{ stays_in(reason.segment) }}) as stays
{%- endmacro %}


{#- A duration as a number of days; null for none. -#}
{% macro days_of(duration) -%}
    {%- if duration is none -%}
        null
    {%- else -%}
        {%- set number, unit = duration.split(' ') -%}
        {%- set minutes = {'minute': 1, 'hour': 60, 'day': 1440, 'week': 10080} -%}
        {{ (number | int) * minutes[unit.rstrip('s')] / 1440 }}
    {%- endif -%}
{%- endmacro %}
