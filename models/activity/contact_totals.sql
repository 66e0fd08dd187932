-- depends_on: {{ ref('stg_events') }}
{#-
    Once a UTC day the windows move for every contact. Otherwise only contacts are recomputed that
    have new events, changed keys, or a form after a rebuild of the forms.
-#}
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='contact_id',
    post_hook=[
        "delete from {{ this }} where contact_id not in (
            select contact_id from {{ ref('key_contacts') }} where contact_id is not null
        )",
        "{{ follow_watermark('key_windows') }}",
    ],
) }}

with

key_contacts as (
    select written_key, contact_id from {{ ref('key_contacts') }} where contact_id is not null
),

marks as (
    select contact_id, {{ set_mark('written_key') }} as keys_mark
    from key_contacts
    group by contact_id
),

form_windows as (
    select * from {{ ref('form_windows') }}
),

{%- if is_incremental() and not a_day_has_passed() %}

touched as (
    select key_contacts.contact_id
    from key_contacts
    semi join {{ arrivals(ref('stg_events'), own_name()) }} as arrived
        on key_contacts.written_key = arrived.written_key
    union
    select marks.contact_id
    from marks
    left join {{ this }} as known on marks.contact_id = known.contact_id
    where marks.keys_mark is distinct from known.keys_mark
    {%- if has_changed(ref('form_windows')) %}
    union
    select contact_id from {{ this }} where first_form_at is not null
    union
    select key_contacts.contact_id
    from key_contacts
    semi join form_windows on key_contacts.written_key = form_windows.written_key
    {%- endif %}
),

wanted as (
    select key_contacts.*
    from key_contacts
    semi join touched on key_contacts.contact_id = touched.contact_id
),
{%- else %}

    wanted as (
        select * from key_contacts
    ),
{%- endif %}

windows as (
    select * from {{ ref('key_windows') }}
    union all by name
    select * from form_windows
),

done as (
    select
        wanted.contact_id,
        windows.*,
        windows.name in {{ sql_list(var('usage_events')) }} as is_use,
        windows.name = 'purchase_completed' as is_purchase
    from windows
    inner join wanted on windows.written_key = wanted.written_key
    -- A mailing is no activity of the contact that got it.
    where windows.name not in {{ sql_list(var('outreach_events')) }}
),

totals as (
    select
        contact_id,
        min(first_at) as first_active_at,
        max(last_at) as last_event_at,
        {% for n in window_days() -%}
            cast(sum(events_{{ n }}d) as bigint) as events_{{ n }}d,
        {% endfor -%}
        max(last_at) filter (where is_use) as last_used_at,
        {% for n in [30, 60] -%}
            cast(sum(events_{{ n }}d) filter (where is_use) as bigint) as usage_{{ n }}d,
        {% endfor -%}
        min(first_at) filter (where name = 'form_submitted') as first_form_at,
        min(first_at) filter (where name = 'signed_up') as trial_started_at,
        min(first_at) filter (where name = 'setup_completed') as setup_completed_at,
        min(first_at) filter (where name = 'activated') as activated_at,
        max(last_at) filter (where name = 'demo_booked') as last_demo_at,
        max(last_at) filter (where name = 'subscription_cancelled') as cancelled_at,
        min(first_at) filter (where is_purchase) as first_purchase_at,
        max(last_at) filter (where is_purchase) as last_purchase_at,
        {% for n in [30, 90, 180] -%}
            cast(sum(events_{{ n }}d) filter (where is_purchase) as bigint) as purchases_{{ n }}d,
        {% endfor -%}
        cast(sum(events) filter (where is_purchase) as bigint) as purchases
    from done
    group by contact_id
),

---------- purchases in several currencies have no sum: the currency of the latest one counts
paid as (
    select
        contact_id,
        currency,
        max(last_at) as last_paid_at,
        {% for n in [30, 90, 180] -%}
            sum(amount_{{ n }}d) as revenue_{{ n }}d,
        {% endfor -%}
        sum(amount) as revenue
    from done
    where is_purchase and currency is not null
    group by contact_id, currency
),

ranked as (
    select
        *,
        row_number() over (
            partition by contact_id order by last_paid_at desc, currency asc
        ) as recency
    from paid
)

select
    totals.*,
    nullif(ranked.currency, '') as revenue_currency,
    {% for n in [30, 90, 180] -%}
        ranked.revenue_{{ n }}d,
    {% endfor -%}
    ranked.revenue,
    marks.keys_mark
from totals
inner join marks on totals.contact_id = marks.contact_id
left join ranked on totals.contact_id = ranked.contact_id and ranked.recency = 1
