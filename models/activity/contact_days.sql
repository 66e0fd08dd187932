with

events as (
    select * from {{ ref('events') }}
),

rolled_up as (
    select
        contact_id,
        {{ utc_day('occurred_at') }} as day,
        name,
        count(*) as events,
        coalesce(sum(amount), 0) as amount,
        min(occurred_at) as first_at,
        max(occurred_at) as last_at
    from events
    group by contact_id, day, name
)

select * from rolled_up
