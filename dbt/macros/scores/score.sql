{#-
    A score: a list of reasons (see reason.sql). Gives the score's ledger, one row per contact,
    reason and evidence; its sum at an instant (see worth.sql) is the score.
    `counts_now` says whether a row is worth anything at the clock. It is there for scores.totals:
    as a filter it reaches what each reason is read from, and what has ended is not read.
-#}
{% macro score(reasons) -%}
{%- do check_reasons(reasons) -%}
{{ config(materialized='view', meta={'counted_events': events_counted_by(reasons)}) }}
with

clock as (
    select as_of from {{ source('control', 'clock') }}
),

{%- for reason in reasons %}

reason_{{ loop.index }} as (
    {% if reason.segment -%}
        {{ because_of_segment(reason) }}
    {%- elif reason.engagement -%}
        {{ because_of_engagement(reason) }}
    {%- else -%}
        {{ because_of_event(reason) }}
    {%- endif %}
),
{%- endfor %}

ledger as (
    {%- for reason in reasons %}
    select
        contact_id,
        '{{ reason.name | replace("'", "''") }}' as reason,
        '{{ reason.part }}' as part,
        cast({{ reason.points }} as decimal(18, 4)) as points,
        since,
        cast({{ days_of(reason.half_life) }} as double) as half_life_days,
        {% if reason.life -%}
            least({{ plus('since', reason.life) }}, ended_at)
        {%- else -%}
            ended_at
        {%- endif %} as ends_at,
        evidence,
        since <= clock.as_of
        {%- if reason.life %}
            and since > {{ minus('clock.as_of', reason.life) }}
        {%- endif %}
            and (ended_at is null or ended_at > clock.as_of) as counts_now
    from reason_{{ loop.index }}
    cross join clock
    {{ "union all" if not loop.last }}
    {%- endfor %}
)

select * from ledger
{%- endmacro %}


{#- Events by key and not by contact: who a key is may turn out to be another, also of history. -#}
{% macro because_of_event(reason) -%}
    {%- set columns = 'event_id, written_key, name, occurred_at, amount, properties' -%}
    select
        key_contacts.contact_id,
        events.occurred_at as since,
        cast(null as timestamptz) as ended_at,
        events.event_id as evidence
    from (
        select {{ columns }} from {{ ref('scored_events') }}
        union all
        select {{ columns }} from {{ ref('form_events') }}
    ) as events
    inner join {{ ref('key_contacts') }} as key_contacts
        on events.written_key = key_contacts.written_key
    where events.name = '{{ reason.event | replace("'", "''") }}'
        and key_contacts.contact_id is not null
        {%- if reason.where %}
        and ({{ reason.where }})
        {%- endif %}
{%- endmacro %}


{#- From the hits as they are classed now: with a better rule for machines the past scores anew. -#}
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
