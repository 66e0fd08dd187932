{#- An event with a contact's key too is the contact's event. -#}
with

events as (
    select
        *,
        {{ landed_position() }} as position
    from {{ source('events', 'events') }}
),

known as (
    select
        event_id,
        {{ trimmed('company_key') }} as written_key,
        name,
        occurred_at,
        received_at,
        properties,
        {{ read_number('trim(' ~ json_text('properties', 'amount') ~ ')') }} as amount,
        upper(nullif(trim({{ json_text('properties', 'currency') }}), '')) as currency,
        file_id,
        file_no,
        position
    from events
    where received_at <= {{ known_until() }} and contact_key is null
)

select * from known
