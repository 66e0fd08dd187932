with

companies as (
    select * from {{ ref('stg_standard__companies') }}
)

select
    company_id,
    name,
    domain,
    industry,
    employees,
    country,
    annual_revenue,
    created_at
from companies
