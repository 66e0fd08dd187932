with

exported as (
    select *
    from {{ source('pipedrive', 'deal') }}
    where _received_at <= {{ known_until() }}
),

records as (
    select
        {{ said('id', 'Deal - ID') }} as id,
        {{ said('person_id', 'Person - ID') }} as person_id,
        {{ said('org_id', 'Organization - ID') }} as company_id,
        {{ said('title', 'Deal - Title') }} as name,
        {{ said('pipeline_name', 'Deal - Pipeline') }} as pipeline,
        lower({{ said('stage_name', 'Deal - Stage') }}) as stage,
        lower({{ said('status', 'Deal - Status') }}) as status_given,
        {{ said_number('value', 'Deal - Value') }} as amount,
        {{ said('currency', 'Deal - Currency') }} as currency,
        {{ said('user_id') }} as owner_id,
        {{ said_any('is_deleted', '_fivetran_deleted') }} as is_flagged,
        {{ said_instant('add_time', 'Deal - Deal created') }} as created_at,
        {{ said_instant('close_time', 'won_time', 'lost_time', 'Deal - Closing Date') }}
            as closes_at,
        {{ said_instant('update_time', 'Deal - Update time') }} as updated_at,
        {{ bookkeeping() }}
    from exported
),

deals as (
    select
        'pipedrive' as source,
        'pipedrive:' || id as deal_id,
        'pipedrive:' || person_id as crm_id,
        'pipedrive:' || company_id as company_id,
        name,
        pipeline,
        stage,
        case when status_given in ('open', 'won', 'lost') then status_given end as status,
        amount,
        currency,
        'pipedrive:' || owner_id as owner_id,
        is_flagged or coalesce(status_given = 'deleted', false) as is_deleted,
        created_at,
        ---------- the closing date of an open deal is only expected
        case when coalesce(status_given, '') <> 'open' then closes_at end as closed_at,
        updated_at,
        file_id,
        file_no,
        line,
        received_at
    from records
    where id is not null
)

select * from deals
