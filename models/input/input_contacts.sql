with

contacts as (
    {{ union_inputs('contacts', {
        'source': 'varchar',
        'crm_id': 'varchar',
        'email_given': 'varchar',
        'other_emails': 'varchar',
        'first_name': 'varchar',
        'last_name': 'varchar',
        'job_title': 'varchar',
        'phone': 'varchar',
        'country': 'varchar',
        'timezone': 'varchar',
        'language': 'varchar',
        'lifecycle_stage': 'varchar',
        'owner_id': 'varchar',
        'owner_name': 'varchar',
        'owner_email': 'varchar',
        'company_id': 'varchar',
        'company_name': 'varchar',
        'external_id': 'varchar',
        'anonymous_id': 'varchar',
        'marketing_consent': 'boolean',
        'consent_at': 'timestamptz',
        'is_deleted': 'boolean',
        'birthday': 'varchar',
        'created_at': 'timestamptz',
        'updated_at': 'timestamptz',
        'file_id': 'varchar',
        'file_no': 'bigint',
        'line': 'bigint',
        'received_at': 'timestamptz',
    }) }}
),

---------- an invalid time zone would stop every model that computes a local time
read as (
    select * replace ({{ read_zone('timezone') }} as timezone)
    from contacts
)

select * from read
