with

exported_contacts as (
    select *
    from {{ source('salesforce', 'contact') }}
    where _received_at <= {{ as_of() }}
),

exported_leads as (
    select *
    from {{ source('salesforce', 'lead') }}
    where _received_at <= {{ as_of() }}
),

contact_masters as (
    select
        {{ said('id', 'Contact ID') }} as went,
        {{ said('master_record_id', 'MasterRecordId') }} as stays,
        {{ said_instant(
            'last_modified_date', 'LastModifiedDate', 'Last Modified Date', 'system_modstamp',
            'SystemModstamp'
        ) }} as merged_at,
        {{ bookkeeping() }}
    from exported_contacts
),

---------- a lead that was converted goes on as a contact
lead_masters as (
    select
        {{ said('id', 'Lead ID') }} as went,
        {{ said(
            'master_record_id', 'MasterRecordId', 'converted_contact_id', 'ConvertedContactId'
        ) }} as stays,
        {{ said_instant(
            'converted_date', 'ConvertedDate', 'Converted Date', 'last_modified_date', 'LastModifiedDate',
            'Last Modified Date', 'system_modstamp', 'SystemModstamp'
        ) }} as merged_at,
        {{ bookkeeping() }}
    from exported_leads
),

told as (
    select * from contact_masters
    union all
    select * from lead_masters
),

long_ids as (
    select
        {{ salesforce_id('went') }} as went,
        {{ salesforce_id('stays') }} as stays,
        merged_at,
        file_id,
        file_no,
        line,
        received_at
    from told
    where went is not null
),

---------- a record that was taken out of the bin has no master any more: the merge is undone
compared as (
    select
        *,
        lag(stays) over (
            partition by went
            order by received_at, merged_at nulls first, file_no, line
        ) as stayed_before
    from long_ids
),

contact_merges as (
    select
        'salesforce' as source,
        'salesforce:' || went as crm_id,
        'salesforce:' || stays as merged_into,
        merged_at,
        file_id,
        file_no,
        line,
        received_at
    from compared
    where stays is not null or stayed_before is not null
)

select * from contact_merges
