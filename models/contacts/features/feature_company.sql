{#- The company's fields, and the use by all its contacts together. -#}
with

contacts as (
    select * from {{ ref('contacts') }} where company_id is not null and ended_at is null
),

usage as (
    select * from {{ ref('feature_usage') }}
),

together as (
    select
        contacts.company_id,
        count(*) as company_contacts,
        cast(coalesce(sum(usage.usage_30d), 0) as bigint) as company_usage_30d,
        cast(coalesce(sum(usage.usage_previous_30d), 0) as bigint) as company_usage_previous_30d
    from contacts
    left join usage on contacts.contact_id = usage.contact_id
    group by contacts.company_id
)

select
    contacts.contact_id,
    contacts.company_id,
    contacts.company_name,
    contacts.company_industry,
    contacts.company_employees,
    contacts.company_country,
    contacts.company_plan,
    contacts.company_plan_limit,
    contacts.company_renewal_on,
    together.company_contacts,
    together.company_usage_30d,
    together.company_usage_previous_30d,
    {{ trend('together.company_usage_30d', 'together.company_usage_previous_30d') }}
        as company_usage_trend_30d
from contacts
inner join together on contacts.company_id = together.company_id
