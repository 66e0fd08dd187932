with

exported_users as (
    select *
    from {{ source('salesforce', 'user') }}
    where _received_at <= {{ known_until() }}
),

records as (
    select
        {{ said('id', 'User ID') }} as id,
        coalesce(
            {{ said('name') }},
            nullif(concat_ws(
                ' ',
                {{ said('first_name', 'FirstName', 'First Name') }},
                {{ said('last_name', 'LastName', 'Last Name') }}
            ), '')
        ) as name,
        lower({{ said('email') }}) as email,
        case
            when {{ said_any('_fivetran_deleted') }} then false
            else {{ said_boolean('is_active', 'IsActive', 'Active') }}
        end as is_active,
        {{ said_instant('last_modified_date', 'LastModifiedDate', 'Last Modified Date') }}
            as updated_at,
        {{ bookkeeping() }}
    from exported_users
),

owners as (
    select
        'salesforce' as source,
        'salesforce:' || {{ salesforce_id('id') }} as owner_id,
        * exclude (id)
    from records
    where id is not null
)

select * from owners
