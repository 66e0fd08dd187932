-- depends_on: {{ ref('stg_events') }}, {{ ref('event_keys') }}, {{ ref('contact_identities') }}
-- depends_on: {{ ref('contact_merges') }}
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['contact_id', 'name'],
    post_hook=[
        "delete from {{ this }} where events = 0 or contact_id in (select contact_id from {{ this }} anti join {{ ref('key_contacts') }} using (contact_id))",
        "{{ move_watermarks() }}",
    ],
) }}

with

forms as (
    select * from {{ ref('form_events') }}
),

key_contacts as (
    select written_key, contact_id from {{ ref('key_contacts') }}
),

clock as (
    select
        {{ utc_day('as_of') }} as today,
        {{ utc_day(watermark(own_name(), 'as_of')) }} as earlier
    from {{ source('control', 'clock') }}
),

---------- read twice, the second time in part: not worth a copy
days as not materialized (
    select * from {{ ref('key_days') }}
    union all by name
    select
        written_key,
        name,
        {{ utc_day('occurred_at') }} as day,
        1 as events,
        0 as amount,
        occurred_at as first_at,
        occurred_at as last_at
    from forms
)

{%- if not is_incremental() %},

days_of_all as not materialized (
    select key_contacts.contact_id, days.*
    from days
    inner join key_contacts on days.written_key = key_contacts.written_key
)

select * from ({{ windows_of('days_of_all', '(select today from clock)') }})
{%- else %},

---------- whose keys may be another's, and of whom a CRM may tell another form, are worked out anew
changed_keys as (
    select written_key from ({{ keys_decided_since(own_name()) }})
    {%- if crm_has_news() %}
    union
    select written_key from forms
    {%- endif %}
),

changed_contacts as (
    select key_contacts.contact_id
    from key_contacts
    semi join changed_keys on key_contacts.written_key = changed_keys.written_key
    {%- if crm_has_news() %}
    union
    select contact_id from {{ this }} where name = 'form_submitted'
    {%- endif %}
),

keys_of_changed as (
    select key_contacts.*
    from key_contacts
    semi join changed_contacts on key_contacts.contact_id = changed_contacts.contact_id
),

days_of_changed as (
    select keys_of_changed.contact_id, days.*
    from days
    inner join keys_of_changed on days.written_key = keys_of_changed.written_key
),

---------- of all others windows gain what arrived ...
arrived as (
    select
        key_contacts.contact_id,
        {{ utc_day('events.occurred_at') }} as day,
        events.name,
        1 as events,
        coalesce(events.amount, 0) as amount,
        events.occurred_at as first_at,
        events.occurred_at as last_at
    from {{ arrivals(ref('stg_events'), own_name()) }} as events
    inner join key_contacts on events.written_key = key_contacts.written_key
    anti join changed_contacts on key_contacts.contact_id = changed_contacts.contact_id
),

---------- ... and lose what time has moved out of them
moved_days as (
    select days.*
    from days
    cross join clock
    where clock.today > clock.earlier
        and {{ crosses_a_window('days.day', 'clock.earlier', 'clock.today') }}
),

moved as (
    select key_contacts.contact_id, moved_days.*
    from moved_days
    inner join key_contacts on moved_days.written_key = key_contacts.written_key
    anti join changed_contacts on key_contacts.contact_id = changed_contacts.contact_id
),

touched as (
    select contact_id, name from arrived
    union
    select contact_id, name from moved
),

known as (
    select known.*
    from {{ this }} as known
    semi join touched on known.contact_id = touched.contact_id and known.name = touched.name
),

---------- a row of which nothing is left goes
nothing as (
    select
        known.contact_id,
        known.name,
        cast(null as timestamptz) as first_at,
        cast(null as timestamptz) as last_at,
        {% for count in window_counts() -%}
            0 as {{ count }}{{ "," if not loop.last }}
        {% endfor %}
    from {{ this }} as known
    semi join changed_contacts on known.contact_id = changed_contacts.contact_id
),

parts as (
    select 1 as counts, * from ({{ windows_of('days_of_changed', '(select today from clock)') }})
    union all by name
    select 1 as counts, * from nothing
    union all by name
    select 1 as counts, * from known
    union all by name
    select 1 as counts, * from ({{ windows_of('arrived', '(select earlier from clock)') }})
    union all by name
    select 1 as counts, * from ({{ windows_of('moved', '(select today from clock)') }})
    union all by name
    select -1 as counts, * from ({{ windows_of('moved', '(select earlier from clock)') }})
)

select
    contact_id,
    name,
    min(first_at) as first_at,
    max(last_at) as last_at,
    {% for count in window_counts() -%}
        cast(sum(counts * {{ count }}) as {{ 'bigint' if count.startswith('events') else 'decimal(38, 4)' }})
            as {{ count }}{{ "," if not loop.last }}
    {% endfor %}
from parts
group by contact_id, name
{%- endif %}
