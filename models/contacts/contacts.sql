with

keys as (
    select key_kind, key, contact_id, decided_at
    from {{ ref('contact_identities') }}
),

crm as (
    select * from {{ ref('stg_standard__contacts') }}
),

companies as (
    select * from {{ ref('companies') }}
),

identified as (
    select
        contact_id,
        min(decided_at) as first_known_at
    from keys
    group by contact_id
),

---------- of several CRM records of one contact, the one changed last speaks
records as (
    select
        keys.contact_id,
        crm.*,
        row_number() over (
            partition by keys.contact_id
            order by crm.updated_at desc nulls last, crm.crm_id asc
        ) as recency
    from crm
    inner join keys on keys.key_kind = 'id' and crm.crm_id = keys.key
),

current_records as (
    select * from records where recency = 1
),

---------- an address seen only in events counts where the CRM gives none
event_addresses as (
    select
        contact_id,
        {{ latest('key', by=['decided_at', 'key']) }} as email
    from keys
    where key_kind = 'email'
    group by contact_id
),

joined as (
    select
        identified.contact_id,
        current_records.crm_id,
        coalesce(
            current_records.email,
            case when current_records.crm_id is null then event_addresses.email end
        ) as email,
        current_records.email_given,
        current_records.first_name,
        current_records.last_name,
        current_records.job_title,
        current_records.country,
        coalesce(current_records.timezone, 'UTC') as timezone,
        current_records.language,
        current_records.lifecycle_stage,
        current_records.owner_name,
        current_records.owner_email,
        current_records.company_id,
        companies.name as company_name,
        companies.industry as company_industry,
        companies.employees as company_employees,
        companies.country as company_country,
        coalesce(current_records.created_at, identified.first_known_at) as created_at
    from identified
    left join current_records on identified.contact_id = current_records.contact_id
    left join event_addresses on identified.contact_id = event_addresses.contact_id
    left join companies on current_records.company_id = companies.company_id
)

select * from joined
