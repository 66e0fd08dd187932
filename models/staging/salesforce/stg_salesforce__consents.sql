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

contact_bounces as (
    select
        {{ said('id', 'Contact ID') }} as id,
        lower({{ said('email') }}) as email,
        coalesce(
            {{ said_boolean('is_email_bounced', 'IsEmailBounced') }},
            {{ said_instant(
                'email_bounced_date', 'EmailBouncedDate', 'Email Bounced Date'
            ) }} is not null
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

lead_bounces as (
    select
        {{ said('id', 'Lead ID') }} as id,
        lower({{ said('email') }}) as email,
        coalesce(
            {{ said_boolean('is_email_bounced', 'IsEmailBounced') }},
            {{ said_instant(
                'email_bounced_date', 'EmailBouncedDate', 'Email Bounced Date'
            ) }} is not null
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

told as (
    select * from contact_bounces
    union all
    select * from lead_bounces
),

---------- Salesforce marks every bounce; one that is passing, or the sender's, is none here
judged as (
    select
        *,
        is_hard_bounced
        or (is_bounced and not coalesce({{ is_no_hard_bounce('reason') }}, false)) as is_hard
    from told
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
)

select * from consents
