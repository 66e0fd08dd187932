with

contacts as (
    select contact_id from {{ ref('contacts') }}
),

consents as (
    select * from {{ ref('consents') }}
),

last_words as (
    select
        contact_id,
        max(said_at) filter (where said = 'opt_out') as opted_out_at,
        max(said_at) filter (where said = 'subscribed') as subscribed_at,
        max(said_at) filter (where said in ('opt_in', 'subscribed')) as opted_in_at,
        max(said_at) filter (where said = 'import_in') as imported_in_at,
        max(said_at) filter (where said = 'import_out') as imported_out_at
    from consents
    group by contact_id
),

judged as (
    select
        contacts.contact_id,
        case
            when last_words.opted_out_at is not null
                and (
                    last_words.subscribed_at is null
                    or last_words.subscribed_at <= last_words.opted_out_at
                )
                then 'opted_out'
            when last_words.opted_in_at is not null then 'opted_in'
            when last_words.imported_out_at is not null then 'opted_out'
            when last_words.imported_in_at is not null then 'opted_in'
            else 'unknown'
        end as consent,
        last_words.opted_in_at,
        last_words.subscribed_at,
        last_words.opted_out_at,
        last_words.imported_in_at,
        last_words.imported_out_at
    from contacts
    left join last_words on contacts.contact_id = last_words.contact_id
)

select * from judged
