{#-
    The furthest stage that what happened shows or the CRM says, and churned for a customer who has
    gone. The CRM's words are those of HubSpot and Salesforce, without spaces and case.
-#}
with

profile as (
    select contact_id, crm_lifecycle_stage from {{ ref('profile') }}
),

milestones as (
    select * from {{ ref('milestones') }}
),

purchases as (
    select contact_id, last_purchase_at from {{ ref('purchases') }}
),

deals as (
    select * from {{ ref('deals') }}
),

forms as (
    select contact_id, min(first_at) as first_form_at
    from {{ ref('contact_windows') }}
    where name = 'form_submitted'
    group by contact_id
),

joined as (
    select
        profile.contact_id,
        regexp_replace(lower(profile.crm_lifecycle_stage), '[^a-z]', '', 'g') as said,
        greatest(purchases.last_purchase_at, deals.last_won_at) as last_bought_at,
        milestones.cancelled_at,
        milestones.last_demo_at,
        milestones.trial_started_at,
        coalesce(deals.open_deals, 0) as open_deals,
        forms.first_form_at
    from profile
    left join milestones on profile.contact_id = milestones.contact_id
    left join purchases on profile.contact_id = purchases.contact_id
    left join deals on profile.contact_id = deals.contact_id
    left join forms on profile.contact_id = forms.contact_id
)

select
    contact_id,
    case
        when cancelled_at >= last_bought_at then 'churned'
        when last_bought_at is not null then 'customer'
        when said in ('churned', 'formercustomer') then 'churned'
        when said in ('customer', 'evangelist') then 'customer'
        when open_deals > 0 or said = 'opportunity' then 'opportunity'
        when last_demo_at is not null or said in ('salesqualifiedlead', 'sql') then 'sql'
        when said in ('marketingqualifiedlead', 'mql') then 'mql'
        when
            trial_started_at is not null or first_form_at is not null
            or said in ('lead', 'trial')
            then 'lead'
        else 'subscriber'
    end as lifecycle_stage
from joined
