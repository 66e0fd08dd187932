-- depends_on: {{ ref('stg_events') }}, {{ ref('event_keys') }}, {{ ref('contact_identities') }}
-- depends_on: {{ ref('contact_merges') }}
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='contact_id',
    post_hook=[
        "delete from {{ this }} where contact_id in (select contact_id from {{ this }} anti join {{ ref('key_contacts') }} using (contact_id))",
        "{{ move_watermarks() }}",
    ],
) }}

with

days as (
    select * from {{ ref('key_days') }}
),

forms as (
    select * from {{ ref('form_events') }}
),

key_contacts as (
    select written_key, contact_id from {{ ref('key_contacts') }}
),

{%- if is_incremental() %}

clock as (
    select
        {{ utc_day('as_of') }} as today,
        {{ utc_day(watermark(own_name(), 'as_of')) }} as earlier
    from {{ source('control', 'clock') }}
),

---------- who did something, of whom a day went out of a window because time passed, who sent a
---------- form that a CRM tells of, and whose keys may be another's
changed_keys as (
    select written_key
    from {{ arrivals(ref('stg_events'), own_name()) }}
    union
    select days.written_key
    from days
    cross join clock
    where clock.today > clock.earlier
        and {{ crosses_a_window('days.day', 'clock.earlier', 'clock.today') }}
    union
    select written_key from forms
    union
    select written_key from ({{ keys_decided_since(own_name()) }})
),

changed_contacts as (
    select distinct key_contacts.contact_id
    from key_contacts
    semi join changed_keys on key_contacts.written_key = changed_keys.written_key
    {%- if crm_has_news() %}
    union
    -- An export may say that a form is somebody else's.
    select contact_id from {{ this }} where name = 'form_submitted'
    {%- endif %}
),

wanted as (
    select key_contacts.*
    from key_contacts
    semi join changed_contacts on key_contacts.contact_id = changed_contacts.contact_id
),
{%- else %}

    wanted as (
        select * from key_contacts
    ),
{%- endif %}

done as (
    select written_key, name, day, events, amount, first_at, last_at
    from days
    union all
    select
        written_key,
        name,
        {{ utc_day('occurred_at') }} as day,
        1 as events,
        0 as amount,
        occurred_at as first_at,
        occurred_at as last_at
    from forms
),

contact_days as (
    select
        wanted.contact_id,
        done.name,
        done.day,
        done.events,
        done.amount,
        done.first_at,
        done.last_at
    from done
    inner join wanted on done.written_key = wanted.written_key
)

{{ windows_of('contact_days', ['contact_id', 'name']) }}
