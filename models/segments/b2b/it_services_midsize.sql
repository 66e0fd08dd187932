with

features as (
    select contact_id, company_industry, company_employees from {{ ref('contact_features') }}
)

select contact_id
from features
where lower(company_industry) in ('it services', 'information technology & services', 'software')
    and company_employees between 50 and 200
