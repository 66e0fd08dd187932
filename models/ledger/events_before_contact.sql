with

events as (
    select contact_id, name, occurred_at from {{ ref('events') }}
),

history as (
    select contact_id, created_at from {{ ref('contact_history') }}
),

created as (
    select contact_id, min(created_at) as created_at
    from history
    where created_at is not null
    group by contact_id
),

---------- a day's grace: the CRM's clock is not the application's
early as (
    select
        events.contact_id,
        events.name,
        events.occurred_at
    from events
    inner join created on events.contact_id = created.contact_id
    where events.occurred_at < {{ minus_days('created.created_at', 1) }}
),

counted as (
    select
        name,
        count(*) as events,
        count(distinct contact_id) as contacts,
        min(occurred_at) as first_at,
        max(occurred_at) as last_at
    from early
    group by name
)

select * from counted
