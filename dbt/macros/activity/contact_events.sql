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


{#- The events of a relation with the columns of stg_company_events, each with its company. -#}
{% macro events_of_companies(relation) -%}
select
    events.event_id,
    company_keys.company_id,
    events.written_key as key,
    events.name,
    events.occurred_at,
    events.received_at,
    events.amount,
    events.currency,
    events.properties,
    events.file_no,
    events.position
from {{ relation }} as events
left join {{ ref('company_keys') }} as company_keys on events.written_key = company_keys.key
{%- endmacro %}


{#- The events of activity.company_events that `model` has not taken in, once for each contact of
    the company now. -#}
{% macro arrived_company_events(model) -%}
    (
        select events.* exclude (company_id), contacts.contact_id
        from ({{ events_of_companies(arrivals(ref('stg_company_events'), model)) }}) as events
        inner join {{ ref('contacts') }} as contacts
            on events.company_id = contacts.company_id and contacts.ended_at is null
    )
{%- endmacro %}


{#- The events of activity.events that `model` has not taken in (see arrivals.sql). -#}
{% macro arrived_events(model) -%}
    ({{ contact_events(arrivals(ref('input_events'), model), 'events.position') }})
{%- endmacro %}
