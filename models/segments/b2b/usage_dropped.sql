with

features as (
    select contact_id, company_usage_30d, company_usage_previous_30d
    from {{ ref('contact_features') }}
)

select contact_id
from features
where company_usage_previous_30d >= {{ parameter('usage_dropped_from') }}
    and 100 * company_usage_30d
    < company_usage_previous_30d * {{ parameter('usage_dropped_percent') }}
