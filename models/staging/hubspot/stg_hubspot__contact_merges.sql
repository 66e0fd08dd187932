with

audit as (
    select *
    from {{ source('hubspot', 'contact_merge_audit') }}
    where _received_at <= {{ as_of() }}
),

exported as (
    select *
    from {{ source('hubspot', 'contact') }}
    where _received_at <= {{ as_of() }}
),

audited as (
    select
        {{ said('vid_to_merge') }} as went,
        {{ said('canonical_vid') }} as stays,
        coalesce({{ said_instant('timestamp') }}, {{ said_instant('_fivetran_synced') }})
            as merged_at,
        {{ bookkeeping() }}
    from audit
),

---------- the contact that stays lists those that went, without a time
listed as (
    select
        trim({{ each_part(said('property_hs_merged_object_ids', 'Merged object IDs'), ';') }})
            as went,
        {{ said('id', 'Record ID') }} as stays,
        coalesce(
            {{ said_instant('property_lastmodifieddate', 'Last Modified Date') }},
            {{ said_instant('_fivetran_synced') }}
        ) as merged_at,
        {{ bookkeeping() }}
    from exported
),

told as (
    select * from audited
    union all
    select * from listed
),

contact_merges as (
    select
        'hubspot' as source,
        'hubspot:' || went as crm_id,
        'hubspot:' || stays as merged_into,
        merged_at,
        file_id,
        file_no,
        line,
        received_at
    from told
    where went <> '' and stays is not null
)

select * from contact_merges
