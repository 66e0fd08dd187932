{#- The last reported row of each deal, with the contact of the record that the deal names. -#}
with

deals as (
    select * from {{ ref('input_deals') }}
),

keys as (
    select key, contact_id from {{ ref('contact_identities') }} where key_kind = 'id'
),

ranked as (
    select
        *,
        row_number() over (
            partition by deal_id
            order by received_at desc, updated_at desc nulls last, file_no desc, line desc
        ) as recency
    from deals
)

select
    ranked.deal_id,
    keys.contact_id,
    ranked.company_id,
    ranked.name,
    ranked.pipeline,
    ranked.stage,
    -- A CRM without a status names its stages that way.
    coalesce(
        ranked.status,
        case
            when ranked.stage like '%won%' then 'won'
            when ranked.stage like '%lost%' then 'lost'
            when ranked.stage is not null then 'open'
        end
    ) as status,
    ranked.amount,
    upper(ranked.currency) as currency,
    ranked.created_at,
    ranked.closed_at
from ranked
left join keys on ranked.crm_id = keys.key
where ranked.recency = 1 and not ranked.is_deleted
