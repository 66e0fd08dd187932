{{ config(materialized='view') }}

with

keys as (
    select * from {{ ref('key_windows') }}
),

forms as (
    select
        written_key,
        name,
        {{ utc_day('occurred_at') }} as day,
        count(*) as events,
        cast(0 as decimal(18, 4)) as amount,
        min(occurred_at) as first_at,
        max(occurred_at) as last_at
    from {{ ref('form_events') }}
    group by written_key, name, day
),

windows as (
    select * from keys
    union all
    ({{ windows_of('forms', ['written_key', 'name']) }})
),

key_contacts as (
    select * from {{ ref('key_contacts') }}
)

select
    key_contacts.contact_id,
    windows.*
from windows
inner join key_contacts on windows.written_key = key_contacts.written_key
