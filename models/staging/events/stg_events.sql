with

events as (
    select * from {{ source('events', 'events') }}
),

known as (
    select
        event_id,
        trim(contact_key) as contact_key,
        name,
        occurred_at,
        received_at,
        properties,
        try_cast({{ json_text('properties', 'amount') }} as decimal(18, 4)) as amount,
        file_id
    from events
    where received_at <= {{ as_of() }}
)

select * from known
