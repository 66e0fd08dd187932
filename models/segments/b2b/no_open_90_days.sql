with

features as (
    select contact_id, first_emailed_at, last_emailed_at, last_opened_at
    from {{ ref('contact_features') }}
),

clock as (
    select {{ minus_days(as_of(), 90) }} as days_ago_90
)

select features.contact_id
from features
cross join clock
where features.first_emailed_at <= clock.days_ago_90
    and features.last_emailed_at >= clock.days_ago_90
    and (features.last_opened_at is null or features.last_opened_at < clock.days_ago_90)
