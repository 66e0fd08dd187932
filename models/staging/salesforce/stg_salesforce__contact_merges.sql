with

exported_contacts as (
    select *
    from {{ source('salesforce', 'contact') }}
    where _received_at <= {{ known_until() }}
),

exported_leads as (
    select *
    from {{ source('salesforce', 'lead') }}
    where _received_at <= {{ known_until() }}
),

contact_masters as (
    select
        {{ said('id', 'Contact ID') }} as merged_id,
        {{ said('master_record_id', 'MasterRecordId') }} as surviving_id,
        {{ said_instant(
            'last_modified_date', 'LastModifiedDate', 'Last Modified Date', 'system_modstamp',
            'SystemModstamp'
        ) }} as merged_at,
        {{ bookkeeping() }}
    from exported_contacts
),

---------- a converted lead becomes a contact
lead_masters as (
    select
        {{ said('id', 'Lead ID') }} as merged_id,
        {{ said(
            'master_record_id', 'MasterRecordId', 'converted_contact_id', 'ConvertedContactId'
        ) }} as surviving_id,
        {{ said_instant(
            'converted_date', 'ConvertedDate', 'Converted Date', 'last_modified_date', 'LastModifiedDate',
            'Last Modified Date', 'system_modstamp', 'SystemModstamp'
        ) }} as merged_at,
        {{ bookkeeping() }}
    from exported_leads
),

merges as (
    select * from contact_masters
    union all
    select * from lead_masters
),

long_ids as (
    select
        {{ salesforce_id('merged_id') }} as merged_id,
        {{ salesforce_id('surviving_id') }} as surviving_id,
        merged_at,
        file_id,
        file_no,
        line,
        received_at
    from merges
    where merged_id is not null
),

---------- a restored record has no master: the merge is undone
compared as (
    select
        *,
        lag(surviving_id) over (
            partition by merged_id
            order by received_at, merged_at nulls first, file_no, line
        ) as previous_surviving_id
    from long_ids
),

contact_merges as (
    select
        'salesforce' as source,
        'salesforce:' || merged_id as crm_id,
        'salesforce:' || surviving_id as merged_into,
        merged_at,
        file_id,
        file_no,
        line,
        received_at
    from compared
    where surviving_id is not null or previous_surviving_id is not null
)

select * from contact_merges
