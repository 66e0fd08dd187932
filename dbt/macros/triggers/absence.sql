{#-
    Fires when `within` has passed since the event `after` without an event `missing` in that time.
      after    the name of the event that starts the window
      missing  the name of the event that must follow; at the very end of the window it is in time.
               At the instant of `after` it follows if it is later in the file
      within   the length of the window, a duration such as '3 days'

    A `missing` event that becomes known after the firing does not revoke the firing.
-#}
{% macro absence_trigger(after, missing, within) -%}
with

clock as (
    select
        as_of,
        {{ minus('as_of', within) }} as until,
        {{ minus(last_look(), within) }} as seen_until
    from {{ source('control', 'clock') }}
),

---------- windows that ended since the last look, and late events whose window was already over
occurrences as (
    select event_id, contact_id, occurred_at, position
    from {{ ref('events') }}
    where name = {{ sql_text(after) }}
        and occurred_at >= (select seen_until from clock)
        and occurred_at < (select until from clock)
    union all
    select event_id, contact_id, occurred_at, position
    from {{ arrived_events(trigger_watermark()) }}
    where name = {{ sql_text(after) }} and occurred_at < (select seen_until from clock)
),

answers as (
    select events.contact_id, events.occurred_at, events.position
    from {{ ref('events') }} as events
    semi join occurrences on events.contact_id = occurrences.contact_id
    where events.name = {{ sql_text(missing) }}
        and events.occurred_at >= (select min(occurred_at) from occurrences)
),

unanswered as (
    select *
    from occurrences
    where not exists (
        select 1 from answers
        where answers.contact_id = occurrences.contact_id
            and (
                answers.occurred_at > occurrences.occurred_at
                or (
                    answers.occurred_at = occurrences.occurred_at
                    and answers.position > occurrences.position
                )
            )
            and answers.occurred_at <= {{ plus('occurrences.occurred_at', within) }}
    )
)

select
    contact_id,
    {{ plus('occurred_at', within) }} as fired_at,
    event_id as occurrence,
    {{ json_object({
        'event_id': 'event_id', 'missing': sql_text(missing), 'since': 'occurred_at',
    }) }} as evidence
from unanswered
{%- endmacro %}
