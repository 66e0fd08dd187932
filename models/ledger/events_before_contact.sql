with

windows as (
    select contact_id, written_key, name, first_at from {{ ref('contact_windows') }}
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
begun_early as (
    select
        windows.contact_id,
        windows.written_key,
        windows.name,
        {{ minus_days('created.created_at', 1) }} as allowed_from
    from windows
    inner join created on windows.contact_id = created.contact_id
    where windows.first_at < {{ minus_days('created.created_at', 1) }}
),

events as (
    select events.written_key, events.name, events.occurred_at
    from {{ ref('stg_events') }} as events
    semi join begun_early
        on events.written_key = begun_early.written_key and events.name = begun_early.name
),

days as (
    select
        written_key,
        name,
        count(*) as events,
        min(occurred_at) as first_at,
        max(occurred_at) as last_at
    from events
    group by written_key, name, {{ utc_day('occurred_at') }}
),

early as (
    select begun_early.contact_id, days.*
    from days
    inner join begun_early
        on days.written_key = begun_early.written_key and days.name = begun_early.name
    where days.last_at < begun_early.allowed_from
),

counted as (
    select
        name,
        cast(sum(events) as bigint) as events,
        count(distinct contact_id) as contacts,
        min(first_at) as first_at,
        max(last_at) as last_at
    from early
    group by name
)

select * from counted
