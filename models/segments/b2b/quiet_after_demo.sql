with

features as (
    select contact_id, last_demo_at, last_active_at from {{ ref('contact_features') }}
),

clock as (
    select
        {{ minus_days(as_of(), parameter('demo_days')) }} as demo_since,
        {{ minus_days(as_of(), parameter('quiet_days')) }} as quiet_since
)

select features.contact_id
from features
cross join clock
where features.last_demo_at >= clock.demo_since
    and features.last_active_at < clock.quiet_since
