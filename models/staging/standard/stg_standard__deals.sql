{#- A null column keeps the previous version's value. An empty column clears the value. -#}
with

exported as (
    select * from {{ source('standard', 'deals') }}
    where _received_at <= {{ known_until() }}
),

filled as (
    select
        trim(deal_id) as deal_id,
        last_value(contact_id ignore nulls) over versions_so_far as contact_id,
        last_value(company_id ignore nulls) over versions_so_far as company_id,
        last_value(name ignore nulls) over versions_so_far as name,
        last_value(pipeline ignore nulls) over versions_so_far as pipeline,
        last_value(stage ignore nulls) over versions_so_far as stage,
        last_value(status ignore nulls) over versions_so_far as status,
        last_value(amount ignore nulls) over versions_so_far as amount,
        last_value(currency ignore nulls) over versions_so_far as currency,
        last_value(owner_id ignore nulls) over versions_so_far as owner_id,
        last_value(is_deleted ignore nulls) over versions_so_far as is_deleted,
        last_value(created_at ignore nulls) over versions_so_far as created_at,
        last_value(closed_at ignore nulls) over versions_so_far as closed_at,
        last_value(updated_at ignore nulls) over versions_so_far as updated_at,
        _file_id,
        _file_no,
        _line,
        _received_at
    from exported
    window versions_so_far as (
        partition by trim(deal_id)
        order by
            _received_at,
            try_cast(updated_at as timestamptz) nulls first,
            _file_no,
            _line
        rows between unbounded preceding and current row
    )
),

deals as (
    select
        'standard' as source,
        deal_id,
        nullif(trim(contact_id), '') as crm_id,
        nullif(trim(company_id), '') as company_id,
        nullif(trim(name), '') as name,
        nullif(trim(pipeline), '') as pipeline,
        lower(nullif(trim(stage), '')) as stage,
        lower(nullif(trim(status), '')) as status,
        {{ said_number('amount') }} as amount,
        nullif(trim(currency), '') as currency,
        nullif(trim(owner_id), '') as owner_id,
        coalesce({{ said_boolean('is_deleted') }}, false) as is_deleted,
        try_cast(created_at as timestamptz) as created_at,
        try_cast(closed_at as timestamptz) as closed_at,
        try_cast(updated_at as timestamptz) as updated_at,
        _file_id as file_id,
        _file_no as file_no,
        _line as line,
        _received_at as received_at
    from filled
)

select * from deals
