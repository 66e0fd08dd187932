with

exported as (
    select *
    from {{ source('hubspot', 'deal') }}
    where _received_at <= {{ known_until() }}
),

deal_contacts as (
    select *
    from {{ source('hubspot', 'deal_contact') }}
    where _received_at <= {{ known_until() }}
),

deal_companies as (
    select *
    from {{ source('hubspot', 'deal_company') }}
    where _received_at <= {{ known_until() }}
),

reported_merges as (
    select *
    from {{ source('hubspot', 'merged_deal') }}
    where _received_at <= {{ known_until() }}
),

pipelines as (
    select *
    from {{ source('hubspot', 'deal_pipeline') }}
    where _received_at <= {{ known_until() }}
),

stages as (
    select *
    from {{ source('hubspot', 'deal_pipeline_stage') }}
    where _received_at <= {{ known_until() }}
),

---------- the current state of associations, pipelines and stages
contact_links as (
    select
        {{ said('deal_id') }} as deal_id,
        {{ said('contact_id') }} as contact_id,
        {{ latest(said_boolean('_fivetran_deleted'), ['_received_at', '_file_no', '_line']) }}
            as is_deleted
    from deal_contacts
    group by all
),

contact_of_deal as (
    select
        deal_id,
        min(contact_id) as contact_id
    from contact_links
    where not coalesce(is_deleted, false)
    group by deal_id
),

company_links as (
    select
        {{ said('deal_id') }} as deal_id,
        {{ said('company_id') }} as company_id,
        {{ latest(said_boolean('_fivetran_deleted'), ['_received_at', '_file_no', '_line']) }}
            as is_deleted
    from deal_companies
    group by all
),

company_of_deal as (
    select
        deal_id,
        min(company_id) as company_id
    from company_links
    where not coalesce(is_deleted, false)
    group by deal_id
),

pipeline_names as (
    select
        {{ said('pipeline_id') }} as pipeline_id,
        {{ latest(said('label'), ['_received_at', '_file_no', '_line']) }} as name
    from pipelines
    group by all
),

stage_meanings as (
    select
        {{ said('stage_id') }} as stage_id,
        {{ latest(said('label'), ['_received_at', '_file_no', '_line']) }} as name,
        {{ latest(said_boolean('closed_won'), ['_received_at', '_file_no', '_line']) }} as is_won,
        {{ latest(said_boolean('is_closed'), ['_received_at', '_file_no', '_line']) }} as is_closed
    from stages
    group by all
),

---------- a merged deal lives on in the surviving deal, which lists the merged ids
merges as (
    select
        {{ said('merged_deal_id') }} as deal_id,
        {{ said('deal_id') }} as surviving_id
    from reported_merges
    union all
    select
        trim({{ each_part(said('property_hs_merged_object_ids', 'Merged object IDs'), ';') }})
            as deal_id,
        {{ said('deal_id', 'Record ID') }} as surviving_id
    from exported
),

merged_deals as (
    select distinct deal_id
    from merges
    where deal_id <> surviving_id
),

records as (
    select
        {{ said('deal_id', 'Record ID') }} as deal_id,
        {{ said('property_dealname', 'Deal Name') }} as name,
        {{ said('deal_pipeline_id', 'property_pipeline', 'Pipeline') }} as pipeline_given,
        {{ said('deal_pipeline_stage_id', 'property_dealstage', 'Deal Stage') }} as stage_given,
        {{ said_boolean('property_hs_is_closed_won') }} as is_won,
        {{ said_boolean('property_hs_is_closed') }} as is_closed,
        {{ smallest_part(said('Associated Contact IDs'), ';') }} as contact_given,
        {{ smallest_part(said('Associated Company IDs'), ';') }} as company_given,
        {{ said_number('property_amount', 'Amount') }} as amount,
        {{ said('property_deal_currency_code', 'Currency') }} as currency,
        {{ said('owner_id') }} as owner_id,
        {{ said_any('is_deleted', '_fivetran_deleted') }} as is_deleted,
        {{ said_instant('property_createdate', 'Create Date') }} as created_at,
        {{ said_instant('property_closedate', 'Close Date') }} as closes_at,
        {{ said_instant('property_hs_lastmodifieddate', 'Last Modified Date') }} as updated_at,
        {{ bookkeeping() }}
    from exported
),

---------- files of the web pages only name the stage; HubSpot's two default final stages are known
judged as (
    select
        records.*,
        coalesce(pipeline_names.name, records.pipeline_given) as pipeline,
        lower(coalesce(stage_meanings.name, records.stage_given)) as stage,
        coalesce(contact_of_deal.contact_id, records.contact_given) as contact_id,
        coalesce(company_of_deal.company_id, records.company_given) as company_id,
        merged_deals.deal_id is not null as is_merged,
        case
            when coalesce(stage_meanings.is_won, records.is_won) then 'won'
            when coalesce(stage_meanings.is_closed, records.is_closed) then 'lost'
            when not coalesce(stage_meanings.is_closed, records.is_closed) then 'open'
            when replace(lower(records.stage_given), ' ', '') = 'closedwon' then 'won'
            when replace(lower(records.stage_given), ' ', '') = 'closedlost' then 'lost'
        end as status
    from records
    left join pipeline_names on records.pipeline_given = pipeline_names.pipeline_id
    left join stage_meanings on records.stage_given = stage_meanings.stage_id
    left join contact_of_deal on records.deal_id = contact_of_deal.deal_id
    left join company_of_deal on records.deal_id = company_of_deal.deal_id
    left join merged_deals on records.deal_id = merged_deals.deal_id
),

deals as (
    select
        'hubspot' as source,
        'hubspot:' || deal_id as deal_id,
        'hubspot:' || contact_id as crm_id,
        'hubspot:' || company_id as company_id,
        name,
        pipeline,
        stage,
        status,
        amount,
        currency,
        'hubspot:' || owner_id as owner_id,
        is_deleted or is_merged as is_deleted,
        created_at,
        ---------- the close date of an open deal is only expected
        case when coalesce(status, '') <> 'open' then closes_at end as closed_at,
        updated_at,
        file_id,
        file_no,
        line,
        received_at
    from judged
    where deal_id is not null
)

select * from deals
