{%- set reached = [
    'first_form_at', 'trial_started_at', 'setup_completed_at', 'activated_at', 'last_demo_at',
    'cancelled_at',
] -%}
with

totals as (
    select * from {{ ref('contact_totals') }}
)

select
    contact_id,
    {{ reached | join(',\n    ') }},
    {{ plus_days('trial_started_at', parameter('trial_days')) }} as trial_ends_at
from totals
where coalesce({{ reached | join(', ') }}) is not null
