with

events as (
    select * from {{ ref('stg_events') }}
),

in_exports as (
    {{ union_unreadable_values() }}
),

in_events as (
    select
        'events' as raw_table,
        'properties.amount' as column_name,
        'number' as should_be,
        trim({{ json_text('properties', 'amount') }}) as value,
        file_id,
        file_no,
        cast(null as bigint) as line,
        received_at
    from events
    where contains(cast(properties as varchar), '"amount"') and amount is null
),

found as (
    select * from in_exports
    union all by name
    select * from in_events where value <> ''
)

select * from found
where received_at <= {{ known_until() }}
