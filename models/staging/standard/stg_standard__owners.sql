{#- A null column keeps the previous version's value. An empty column clears the value. -#}
with

exported as (
    select * from {{ source('standard', 'owners') }}
    where _received_at <= {{ known_until() }}
),

filled as (
    select
        trim(owner_id) as owner_id,
        last_value(name ignore nulls) over versions_so_far as name,
        last_value(email ignore nulls) over versions_so_far as email,
        last_value(is_active ignore nulls) over versions_so_far as is_active,
        last_value(updated_at ignore nulls) over versions_so_far as updated_at,
        _file_id,
        _file_no,
        _line,
        _received_at
    from exported
    window versions_so_far as (
        partition by trim(owner_id)
        order by
            _received_at,
            try_cast(updated_at as timestamptz) nulls first,
            _file_no,
            _line
        rows between unbounded preceding and current row
    )
),

owners as (
    select
        'standard' as source,
        owner_id,
        nullif(trim(name), '') as name,
        lower(nullif(trim(email), '')) as email,
        coalesce({{ said_boolean('is_active') }}, true) as is_active,
        try_cast(updated_at as timestamptz) as updated_at,
        _file_id as file_id,
        _file_no as file_no,
        _line as line,
        _received_at as received_at
    from filled
)

select * from owners
