with

events as (
    select
        *,
        {{ landed_position() }} as position
    from {{ source('events', 'events') }}
),

---------- few events have these properties, and finding the word costs a fraction of parsing JSON
known as (
    select
        event_id,
        contact_key as written_key,
        name,
        occurred_at,
        received_at,
        properties,
        case
            when contains(cast(properties as varchar), '"amount"')
                then {{ read_number('trim(' ~ json_text('properties', 'amount') ~ ')') }}
        end as amount,
        case
            when contains(cast(properties as varchar), '"amount"')
                then upper(nullif(trim({{ json_text('properties', 'currency') }}), ''))
        end as currency,
        case
            when contains(cast(properties as varchar), '"anonymous_id"')
                then nullif(trim({{ json_text('properties', 'anonymous_id') }}), '')
        end as anonymous_id,
        file_id,
        file_no,
        position
    from events
    where received_at <= {{ known_until() }} and contact_key is not null
)

select * from known
