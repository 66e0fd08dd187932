{#- The events of a relation with the columns of input_events, each with the contact of its key.
    `position` is SQL: a table that stores events has none. -#}
{% macro contact_events(relation, position='cast(null as bigint)') -%}
select
    events.event_id,
    key_contacts.contact_id,
    key_contacts.key,
    events.name,
    events.occurred_at,
    events.received_at,
    events.amount,
    events.currency,
    events.properties,
    events.file_no,
    {{ position }} as position
from {{ relation }} as events
left join {{ ref('key_contacts') }} as key_contacts
    on events.written_key = key_contacts.written_key
{%- endmacro %}


{#- The events of activity.events that `model` has not taken in (see arrivals.sql). -#}
{% macro arrived_events(model) -%}
    ({{ contact_events(arrivals(ref('input_events'), model), 'events.position') }})
{%- endmacro %}
