with

exported as (
    select *
    from {{ source('pipedrive', 'user') }}
    where _received_at <= {{ known_until() }}
),

owners as (
    select
        'pipedrive' as source,
        'pipedrive:' || {{ said('id') }} as owner_id,
        {{ said('name') }} as name,
        lower({{ said('email') }}) as email,
        {{ said_boolean('active_flag') }} as is_active,
        {{ said_instant('modified') }} as updated_at,
        {{ bookkeeping() }}
    from exported
)

select * from owners
where owner_id is not null
