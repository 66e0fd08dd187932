{#- Events of a relation shaped like input_events, with the contact that each one's key names. -#}
{% macro contact_events(relation) -%}
select
    events.event_id,
    key_contacts.contact_id,
    key_contacts.key,
    events.name,
    events.occurred_at,
    events.received_at,
    events.amount,
    events.properties,
    events.file_no
from {{ relation }} as events
left join {{ ref('key_contacts') }} as key_contacts
    on events.written_key = key_contacts.written_key
{%- endmacro %}


{#- Of activity.events, those that came after what `model` has taken in (see arrivals.sql). -#}
{% macro arrived_events(model) -%}
    ({{ contact_events(arrivals(ref('input_events'), model)) }})
{%- endmacro %}
