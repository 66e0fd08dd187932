{#-
    Fires for each event `name` of the contact.
      name        the event name
      where       SQL over activity.events, such as json_text('properties', 'plan') ~ " = 'pro'"
      of          'contact', or 'company': the events of the contact's company
                  (activity.company_events). Each contact that the company has when the event
                  becomes known gets a firing
      first_only  fires once per contact, for the first event
      not_within  the shortest time between two firings of a contact, in whatever order the events
                  became known; of several new events the earliest fires
-#}
{% macro event_trigger(
    name, where=none, first_only=false, not_within=none, of='contact'
) -%}
{%- if of not in ['contact', 'company'] -%}
    {%- do refuse_trigger("of is '" ~ of ~ "'; use 'contact' or 'company'") -%}
{%- endif -%}
{%- if first_only and not_within -%}
    {%- do refuse_trigger('first_only and not_within exclude each other; remove one of them') -%}
{%- endif -%}
with{{ " recursive" if not_within }}

arrived as (
    select
        {% if of == 'company' -%}
            event_id || ' ' || contact_id as event_id,
        {%- else -%}
            event_id,
        {%- endif %}
        contact_id,
        occurred_at,
        position
    from {{ arrived_company_events(trigger_watermark()) if of == 'company'
        else arrived_events(trigger_watermark()) }}
    where name = {{ sql_text(name) }}{% if where %} and ({{ where }}){% endif %}
)

{%- if first_only %},

fired as (
    {{ earlier_firings() }}
),

occurrences as (
    select
        arrived.contact_id,
        min(arrived.occurred_at) as occurred_at,
        {{ earliest(
            'arrived.event_id', by=['arrived.occurred_at', 'arrived.position', 'arrived.event_id']
        ) }} as event_id
    from arrived
    anti join fired on arrived.contact_id = fired.contact_id
    group by arrived.contact_id
)

{%- elif not_within %},

fired as (
    {{ earlier_firings() }}
),

---------- one event per instant, the first of them
instants as (
    select
        contact_id,
        occurred_at,
        {{ earliest('event_id', by=['position', 'event_id']) }} as event_id
    from arrived
    where not {{ fired_near('arrived.contact_id', 'arrived.occurred_at', not_within) }}
    group by contact_id, occurred_at
),

followed as (
    select
        contact_id,
        occurred_at,
        {{ next_after('occurred_at', not_within, 'contact_id') }} as next_at
    from instants
),

---------- from each event that fires to the next one that may fire
firing as (
    select contact_id, min(occurred_at) as occurred_at
    from followed
    group by contact_id
    union all
    select followed.contact_id, followed.next_at as occurred_at
    from firing
    inner join followed
        on firing.contact_id = followed.contact_id and firing.occurred_at = followed.occurred_at
    where followed.next_at is not null
),

occurrences as (
    select instants.*
    from instants
    inner join firing
        on instants.contact_id = firing.contact_id and instants.occurred_at = firing.occurred_at
)
{%- else %},

occurrences as (
    select * from arrived
)
{%- endif %}

select
    contact_id,
    occurred_at as fired_at,
    event_id as occurrence,
    {{ json_object({'event_id': 'event_id'}) }} as evidence
from occurrences
{%- endmacro %}
