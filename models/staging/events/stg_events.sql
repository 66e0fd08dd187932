with

events as (
    select * from {{ source('events', 'events') }}
),

idn_domains as (
    select * from {{ ref('idn_domains') }}
),

known as (
    select
        events.event_id,
        case
            when
                contains(events.contact_key, '@')
                and {{ looks_like_email(plain_email('events.contact_key')) }}
                then {{ canonical_email('events.contact_key', 'idn_domains.ascii_domain') }}
            else {{ trimmed('events.contact_key') }}
        end as contact_key,
        events.name,
        events.occurred_at,
        events.received_at,
        events.properties,
        try_cast({{ json_text('events.properties', 'amount') }} as decimal(18, 4)) as amount,
        -- Most events have none, and looking for the word is a fraction of reading the JSON.
        case
            when contains(cast(events.properties as varchar), '"anonymous_id"')
                then nullif(trim({{ json_text('events.properties', 'anonymous_id') }}), '')
        end as anonymous_id,
        events.file_id
    from events
    left join idn_domains
        on {{ foreign_domain('events.contact_key') }} = idn_domains.domain
    where events.received_at <= {{ as_of() }}
)

select * from known
