with

exported as (
    select *
    from {{ source('hubspot', 'owner') }}
    where _received_at <= {{ known_until() }}
),

owners as (
    select
        'hubspot' as source,
        'hubspot:' || {{ said('owner_id') }} as owner_id,
        nullif(concat_ws(' ', {{ said('first_name') }}, {{ said('last_name') }}), '') as name,
        lower({{ said('email') }}) as email,
        case
            when {{ said_any('_fivetran_deleted') }} then false
            else {{ said_boolean('is_active') }}
        end as is_active,
        {{ said_instant('updated_at') }} as updated_at,
        {{ bookkeeping() }}
    from exported
)

select * from owners
where owner_id is not null
