{#-
    The columns of every model in models/contacts/features: a new model there appears here. Plus the
    columns that need several of them.

    The lifecycle stage is the furthest that facts or the CRM show; churned for a customer that
    cancelled. The CRM's words are the stages of HubSpot and Salesforce, without spaces and case.
-#}
with

features as (
    {{ join_features('feature_profile') }}
),

facts as (
    select
        *,
        regexp_replace(lower(crm_lifecycle_stage), '[^a-z]', '', 'g') as crm_says,
        greatest(last_purchase_at, last_won_at) as last_bought_at
    from features
)

select
    * exclude (crm_says, last_bought_at),
    greatest(last_event_at, last_engaged_at) as last_active_at,
    case
        when cancelled_at >= last_bought_at then 'churned'
        when last_bought_at is not null then 'customer'
        when crm_says in ('churned', 'formercustomer') then 'churned'
        when crm_says in ('customer', 'evangelist') then 'customer'
        when open_deals > 0 or crm_says = 'opportunity' then 'opportunity'
        when last_demo_at is not null or crm_says in ('salesqualifiedlead', 'sql') then 'sql'
        when crm_says in ('marketingqualifiedlead', 'mql') then 'mql'
        when
            trial_started_at is not null
            or first_form_at is not null
            or crm_says in ('lead', 'trial')
            then 'lead'
        else 'subscriber'
    end as lifecycle_stage
from facts
