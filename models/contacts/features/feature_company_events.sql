{#- The events of the contact's company, under all its keys. Events of its contacts count in
    company_usage_30d. -#}
with

contacts as (
    select contact_id, company_id
    from {{ ref('contacts') }}
    where company_id is not null and ended_at is null
),

keys as (
    select key, company_id from {{ ref('company_keys') }}
),

windows as (
    select * from {{ ref('company_key_windows') }}
),

by_company as (
    select
        keys.company_id,
        {% for n in window_days() -%}
            cast(sum(windows.events_{{ n }}d) as bigint) as company_events_{{ n }}d,
        {% endfor -%}
        min(windows.first_at) as company_first_event_at,
        max(windows.last_at) as company_last_event_at
    from windows
    inner join keys on windows.written_key = keys.key
    group by keys.company_id
)

select
    contacts.contact_id,
    by_company.* exclude (company_id),  -- noqa: RF02
    by_company.company_events_60d - by_company.company_events_30d as company_events_previous_30d,
    {{ trend('by_company.company_events_30d', 'company_events_previous_30d') }}
        as company_events_trend_30d
from contacts
inner join by_company on contacts.company_id = by_company.company_id
