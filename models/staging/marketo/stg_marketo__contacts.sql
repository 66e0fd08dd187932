with

exported as (
    select *
    from {{ source('marketo', 'lead') }}
    where _received_at <= {{ known_until() }}
),

delete_activities as (
    select *
    from {{ source('marketo', 'activity_delete_lead') }}
    where _received_at <= {{ known_until() }}
),

leads as (
    select
        'marketo' as source,
        'marketo:' || coalesce(
            {{ said('id', 'Lead ID') }}, lower({{ said('email', 'Email Address') }})
        ) as crm_id,
        lower({{ said('email', 'Email Address') }}) as email_given,
        {{ said_other_emails(source('marketo', 'lead'), ['other_emails']) }} as other_emails,
        {{ said('first_name', 'firstName', 'First Name') }} as first_name,
        {{ said('last_name', 'lastName', 'Last Name') }} as last_name,
        {{ said('title', 'Job Title') }} as job_title,
        {{ said('phone', 'Phone Number') }} as phone,
        {{ said('country') }} as country,
        cast(null as varchar) as timezone,
        {{ said('preferred_language', 'preferredLanguage') }} as language,
        {{ said('lead_status', 'leadStatus', 'Lead Status') }} as lifecycle_stage,
        cast(null as varchar) as owner_id,
        {{ said('lead_owner', 'Lead Owner') }} as owner_name,
        cast(null as varchar) as owner_email,
        cast(null as varchar) as company_id,
        {{ said('company', 'Company Name') }} as company_name,
        cast(null as varchar) as external_id,
        cast(null as varchar) as anonymous_id,
        ---------- unsubscribed, blocked or suspended means no; its absence does not mean yes
        case
            when {{ said_refusal('unsubscribed', 'black_listed', 'marketing_suspended') }}
                then false
        end as marketing_consent,
        cast(null as timestamptz) as consent_at,
        {{ said_any('is_deleted', '_fivetran_deleted') }} as is_deleted,
        {{ said_birthday('date_of_birth') }} as birthday,
        {{ said_instant('created_at', 'createdAt', 'Created At') }} as created_at,
        {{ said_instant('updated_at', 'updatedAt', 'Updated At') }} as updated_at,
        {{ bookkeeping() }}
    from exported
),

reported_deletions as (
    select
        'marketo:' || {{ said('lead_id') }} as crm_id,
        {{ said_instant('activity_date') }} as deleted_at,
        {{ bookkeeping() }}
    from delete_activities
),

---------- Marketo does not reuse ids, so a deletion is final; its first report counts
numbered_deletions as (
    select
        *,
        row_number() over (partition by crm_id order by received_at, file_no, line) as recency
    from reported_deletions
),

deletions as (
    select * exclude (recency)
    from numbered_deletions
    where recency = 1
),

versions as (
    select
        leads.* exclude (is_deleted),
        leads.is_deleted or coalesce(deletions.received_at <= leads.received_at, false)
            as is_deleted
    from leads
    left join deletions on leads.crm_id = deletions.crm_id
    where leads.crm_id is not null
),

---------- a deletion reported after the lead adds a last version of the lead
last_before_deletion as (
    select
        leads.*,
        deletions.deleted_at,
        deletions.file_id as deletion_file_id,
        deletions.file_no as deletion_file_no,
        deletions.line as deletion_line,
        deletions.received_at as deletion_received_at,
        row_number() over (
            partition by leads.crm_id
            order by
                leads.received_at desc,
                leads.updated_at desc nulls last,
                leads.file_no desc,
                leads.line desc
        ) as recency
    from leads
    inner join deletions on leads.crm_id = deletions.crm_id
    where leads.received_at < deletions.received_at
),

deleted as (
    select
        * exclude (
            recency,
            is_deleted,
            updated_at,
            file_id,
            file_no,
            line,
            received_at,
            deleted_at,
            deletion_file_id,
            deletion_file_no,
            deletion_line,
            deletion_received_at
        ),
        true as is_deleted,
        coalesce(deleted_at, updated_at) as updated_at,
        deletion_file_id as file_id,
        deletion_file_no as file_no,
        deletion_line as line,
        deletion_received_at as received_at
    from last_before_deletion
    where recency = 1
),

contacts as (
    select
        source,
        crm_id,
        email_given,
        other_emails,
        first_name,
        last_name,
        job_title,
        phone,
        country,
        timezone,
        language,
        lifecycle_stage,
        owner_id,
        owner_name,
        owner_email,
        company_id,
        company_name,
        external_id,
        anonymous_id,
        marketing_consent,
        consent_at,
        is_deleted,
        birthday,
        created_at,
        updated_at,
        file_id,
        file_no,
        line,
        received_at
    from versions

    union all

    select
        source,
        crm_id,
        email_given,
        other_emails,
        first_name,
        last_name,
        job_title,
        phone,
        country,
        timezone,
        language,
        lifecycle_stage,
        owner_id,
        owner_name,
        owner_email,
        company_id,
        company_name,
        external_id,
        anonymous_id,
        marketing_consent,
        consent_at,
        is_deleted,
        birthday,
        created_at,
        updated_at,
        file_id,
        file_no,
        line,
        received_at
    from deleted
)

select * from contacts
