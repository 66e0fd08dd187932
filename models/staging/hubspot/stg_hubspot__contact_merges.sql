with

audit as (
    select *
    from {{ source('hubspot', 'contact_merge_audit') }}
    where _received_at <= {{ known_until() }}
),

exported as (
    select *
    from {{ source('hubspot', 'contact') }}
    where _received_at <= {{ known_until() }}
),

audited as (
    select
        {{ said('vid_to_merge') }} as merged_id,
        {{ said('canonical_vid') }} as surviving_id,
        coalesce({{ said_instant('timestamp') }}, {{ said_instant('_fivetran_synced') }})
            as merged_at,
        {{ bookkeeping() }}
    from audit
),

---------- the surviving contact lists the merged ids, without a time
listed as (
    select
        trim({{ each_part(said('property_hs_merged_object_ids', 'Merged object IDs'), ';') }})
            as merged_id,
        {{ said('id', 'Record ID') }} as surviving_id,
        coalesce(
            {{ said_instant('property_lastmodifieddate', 'Last Modified Date') }},
            {{ said_instant('_fivetran_synced') }}
        ) as merged_at,
        {{ bookkeeping() }}
    from exported
),

merges as (
    select * from audited
    union all
    select * from listed
),

contact_merges as (
    select
        'hubspot' as source,
        'hubspot:' || merged_id as crm_id,
        'hubspot:' || surviving_id as merged_into,
        merged_at,
        file_id,
        file_no,
        line,
        received_at
    from merges
    where merged_id <> '' and surviving_id is not null
)

select * from contact_merges
