with

windows as (
    select * from {{ ref('contact_windows') }}
    where
        name in {{ sql_list([
            'form_submitted', 'signed_up', 'setup_completed', 'activated', 'demo_booked',
            'subscription_cancelled',
        ]) }}
),

reached as (
    select
        contact_id,
        min(first_at) filter (where name = 'form_submitted') as first_form_at,
        min(first_at) filter (where name = 'signed_up') as trial_started_at,
        min(first_at) filter (where name = 'setup_completed') as setup_completed_at,
        min(first_at) filter (where name = 'activated') as activated_at,
        max(last_at) filter (where name = 'demo_booked') as last_demo_at,
        max(last_at) filter (where name = 'subscription_cancelled') as cancelled_at
    from windows
    group by contact_id
)

select
    contact_id,
    first_form_at,
    trial_started_at,
    {{ plus_days('trial_started_at', parameter('trial_days')) }} as trial_ends_at,
    setup_completed_at,
    activated_at,
    last_demo_at,
    cancelled_at
from reached
