with

exported_opportunities as (
    select *
    from {{ source('salesforce', 'opportunity') }}
    where _received_at <= {{ known_until() }}
),

records as (
    select
        {{ said('id', 'Opportunity ID') }} as id,
        {{ said('contact_id', 'ContactId') }} as contact_id,
        {{ said('account_id', 'AccountId', 'Account ID') }} as account_id,
        {{ said('name', 'Opportunity Name') }} as name,
        lower({{ said('stage_name', 'StageName', 'Stage') }}) as stage,
        {{ said_boolean('is_won', 'IsWon', 'Won') }} as is_won,
        {{ said_boolean('is_closed', 'IsClosed', 'Closed') }} as is_closed,
        {{ said_number('amount') }} as amount,
        {{ said('currency_iso_code', 'CurrencyIsoCode', 'Amount Currency') }} as currency,
        {{ said('owner_id', 'OwnerId') }} as owner_id,
        {{ said_any('is_deleted', 'IsDeleted', '_fivetran_deleted') }} as is_deleted,
        {{ said_instant('created_date', 'CreatedDate', 'Created Date') }} as created_at,
        {{ said_instant('close_date', 'CloseDate', 'Close Date') }} as closes_at,
        {{ said_instant(
            'last_modified_date', 'LastModifiedDate', 'Last Modified Date', 'system_modstamp',
            'SystemModstamp'
        ) }} as updated_at,
        {{ bookkeeping() }}
    from exported_opportunities
),

judged as (
    select
        *,
        case
            when is_won then 'won'
            when is_closed then 'lost'
            when not is_closed then 'open'
        end as status
    from records
),

deals as (
    select
        'salesforce' as source,
        'salesforce:' || {{ salesforce_id('id') }} as deal_id,
        'salesforce:' || {{ salesforce_id('contact_id') }} as crm_id,
        'salesforce:' || {{ salesforce_id('account_id') }} as company_id,
        name,
        cast(null as varchar) as pipeline,
        stage,
        status,
        amount,
        currency,
        'salesforce:' || {{ salesforce_id('owner_id') }} as owner_id,
        is_deleted,
        created_at,
        ---------- the close date of an open deal is only expected
        case when coalesce(status, '') <> 'open' then closes_at end as closed_at,
        updated_at,
        file_id,
        file_no,
        line,
        received_at
    from judged
    where id is not null
)

select * from deals
