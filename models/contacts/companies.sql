with

history as (
    select * from {{ ref('company_history') }}
)

select
    company_id,
    name,
    domain,
    industry,
    employees,
    country,
    annual_revenue,
    plan,
    plan_limit,
    renewal_on,
    created_at,
    case when is_ended then valid_from end as ended_at
from history
where valid_to is null
