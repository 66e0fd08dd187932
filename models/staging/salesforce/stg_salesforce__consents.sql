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

contact_records as (
    select
        {{ said('id', 'Contact ID') }} as id,
        lower({{ said('email') }}) as email,
        {{ said_refusal('has_opted_out_of_email', 'HasOptedOutOfEmail', 'Email Opt Out') }}
            as is_opted_out,
        coalesce(
            {{ said_boolean('is_email_bounced', 'IsEmailBounced') }},
            {{ said('email_bounced_date', 'EmailBouncedDate', 'Email Bounced Date') }} is not null
        ) as is_bounced,
        {{ said_any('pi_pardot_hard_bounced_c', 'pi__pardot_hard_bounced__c') }} as is_hard_bounced,
        {{ said('email_bounced_reason', 'EmailBouncedReason', 'Email Bounced Reason') }} as reason,
        {{ said_instant('email_bounced_date', 'EmailBouncedDate', 'Email Bounced Date') }}
            as bounced_at,
        {{ said_instant(
            'last_modified_date', 'LastModifiedDate', 'Last Modified Date', 'system_modstamp',
            'SystemModstamp'
        ) }} as updated_at,
        {{ bookkeeping() }}
    from exported_contacts
),

lead_records as (
    select
        {{ said('id', 'Lead ID') }} as id,
        lower({{ said('email') }}) as email,
        {{ said_refusal('has_opted_out_of_email', 'HasOptedOutOfEmail', 'Email Opt Out') }}
            as is_opted_out,
        coalesce(
            {{ said_boolean('is_email_bounced', 'IsEmailBounced') }},
            {{ said('email_bounced_date', 'EmailBouncedDate', 'Email Bounced Date') }} is not null
        ) as is_bounced,
        {{ said_any('pi_pardot_hard_bounced_c', 'pi__pardot_hard_bounced__c') }} as is_hard_bounced,
        {{ said('email_bounced_reason', 'EmailBouncedReason', 'Email Bounced Reason') }} as reason,
        {{ said_instant('email_bounced_date', 'EmailBouncedDate', 'Email Bounced Date') }}
            as bounced_at,
        {{ said_instant(
            'last_modified_date', 'LastModifiedDate', 'Last Modified Date', 'system_modstamp',
            'SystemModstamp'
        ) }} as updated_at,
        {{ bookkeeping() }}
    from exported_leads
),

records as (
    select * from contact_records
    union all
    select * from lead_records
),

---------- Salesforce marks every bounce; a reason counts if it blames the address
judged as (
    select
        *,
        is_hard_bounced
        or (is_bounced and (reason is null or {{ bounce_fault('reason') }} = 'recipient')) as is_hard
    from records
),

identified as (
    select
        *,
        coalesce({{ salesforce_id('id') }}, email) as record
    from records
),

opted_out as (
    select
        *,
        {{ is_newly_raised('is_opted_out', 'record') }} as is_act
    from identified
    where record is not null
),

consents as (
    select
        'salesforce' as source,
        'salesforce:' || {{ hash_id([salesforce_id('id'), 'email', 'bounced_at']) }} as consent_id,
        'salesforce:' || {{ salesforce_id('id') }} as crm_id,
        email,
        'bounced' as said,
        coalesce(bounced_at, updated_at) as said_at,
        coalesce(reason, case when is_hard_bounced then 'Pardot: hard bounce' else 'bounced' end)
            as detail,
        file_id,
        file_no,
        line,
        received_at
    from judged
    where is_hard and coalesce(id, email) is not null

    union all

    ---------- the export has no date of the opt-out, which happened before the file was received
    select
        'salesforce' as source,
        'salesforce:' || {{ hash_id(['record', "'opted out'"]) }} as consent_id,
        'salesforce:' || record as crm_id,
        email,
        'opt_out' as said,
        received_at as said_at,
        'has_opted_out_of_email' as detail,
        file_id,
        file_no,
        line,
        received_at
    from opted_out
    where is_act
)

select * from consents
