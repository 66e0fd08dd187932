{#-
    Triggers: firings as (contact_id, fired_at, occurrence, evidence). `occurrence` tells one firing
    of a contact from the next and makes its id; decisions/trigger_firings keeps each once.
-#}

{#- Fires each time the contact does `name`; `where` is SQL over activity.events. -#}
{% macro event_trigger(name, where=none) -%}
with

occurrences as (
    select event_id, contact_id, occurred_at
    from {{ ref('events') }}
    where name = '{{ name }}'{% if where %} and ({{ where }}){% endif %}
)

select
    contact_id,
    occurred_at as fired_at,
    event_id as occurrence,
    {{ json_object({'event_id': 'event_id'}) }} as evidence
from occurrences
{%- endmacro %}


{#-
    Fires when, by the clock, `within` has passed since `after` and no `missing` was known that
    happened in that time: a `missing` at the very end of it still counts as in time.
-#}
{% macro absence_trigger(after, missing, within) -%}
with

clock as (
    select as_of from {{ source('control', 'clock') }}
),

occurrences as (
    select
        event_id,
        contact_id,
        occurred_at,
        {{ plus('occurred_at', within) }} as deadline
    from {{ ref('events') }}
    where name = '{{ after }}'
),

answers as (
    select contact_id, occurred_at
    from {{ ref('events') }}
    where name = '{{ missing }}'
),

unanswered as (
    select occurrences.*
    from occurrences
    cross join clock
    where clock.as_of > occurrences.deadline
        and not exists (
            select 1 from answers
            where answers.contact_id = occurrences.contact_id
                and answers.occurred_at >= occurrences.occurred_at
                and answers.occurred_at <= occurrences.deadline
        )
)

select
    contact_id,
    deadline as fired_at,
    event_id as occurrence,
    {{ json_object({
        'event_id': 'event_id', 'missing': "'" ~ missing ~ "'", 'since': 'occurred_at',
    }) }} as evidence
from unanswered
{%- endmacro %}


{#- Fires each time the contact enters the segment. -#}
{% macro segment_entry_trigger(segment) -%}
{%- do check_kind('segments', segment, 'segment_entry_trigger()') -%}
with

entries as (
    select change_id, contact_id, decided_at
    from {{ ref('segment_changes') }}
    where segment = '{{ name_of(segment) }}' and change = 'entered'
)

select
    contact_id,
    decided_at as fired_at,
    change_id as occurrence,
    {{ json_object({'change_id': 'change_id'}) }} as evidence
from entries
{%- endmacro %}
