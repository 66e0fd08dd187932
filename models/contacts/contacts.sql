-- depends_on: {{ ref('contact_merges') }}, {{ ref('contact_aliases') }}
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='contact_id',
    post_hook=[
        "delete from {{ this }} where contact_id in (select contact_id from {{ ref('contact_aliases') }})",
        "{{ move_watermarks() }}",
    ],
) }}
{#- Events can stop naming a key: a file was read again, or forgotten. Decisions keep the key, but a
    contact without any other key is none. -#}
{%- set is_named -%}
    (found_in is distinct from 'events' or key in (select key from {{ ref('event_keys') }}))
{%- endset %}
{%- set is_part = is_incremental() and not crm_has_news() %}

with

{%- if is_part %}

---------- contacts that can differ from the last tick: with a newly decided key, ever merged, or
---------- with a deleted record (an event can bring the contact back)
changed as (
    select contact_id
    from {{ ref('contact_identities') }}
    where decided_at > {{ watermark(own_name(), 'as_of') }}
    union
    select contact_id from {{ ref('contact_merges') }}
    union
    select merged_into as contact_id from {{ ref('contact_merges') }}
    union
    select canonical_id as contact_id from {{ ref('contact_aliases') }}
    union
    select contact_id from {{ ref('contact_history') }} where change in ('deleted', 'gone')
),

keys as (
    select identities.*
    from {{ ref('contact_identities') }} as identities
    semi join changed on identities.contact_id = changed.contact_id
    where {{ is_named }}
),

history as (
    select history.*
    from {{ ref('contact_history') }} as history
    semi join changed on history.contact_id = changed.contact_id
),
{%- else %}

    keys as (
        select * from {{ ref('contact_identities') }} where {{ is_named }}
    ),

    history as (
        select * from {{ ref('contact_history') }}
    ),
{%- endif %}

companies as (
    select * from {{ ref('companies') }}
),

owners as (
    select * from {{ ref('input_owners') }}
),

windows as (
    select contact_id, last_at from {{ ref('contact_windows') }}
),

identified as (
    select
        contact_id,
        min(decided_at) as first_known_at
    from keys
    group by contact_id
),

current_history as (
    select * from history where valid_to is null
),

---------- of several CRM records of a contact, the living record changed last is primary. A record
---------- that the CRM merged away comes last: exports of changes no longer report it, so it never
---------- ends
of_several as (
    select contact_id from current_history group by contact_id having count(*) > 1
),

ranked_records as (
    select
        current_history.*,
        row_number() over (
            partition by current_history.contact_id
            order by
                current_history.is_merged_away asc,
                current_history.is_ended asc,
                current_history.updated_at desc nulls last,
                current_history.crm_id asc
        ) as recency
    from current_history
    semi join of_several on current_history.contact_id = of_several.contact_id
),

current_records as (
    select * exclude (recency) from ranked_records where recency = 1
    union all
    select current_history.*
    from current_history
    anti join of_several on current_history.contact_id = of_several.contact_id
),

---------- every record of the contact is deleted in the CRM or gone
endings as (
    select contact_id, max(valid_from) as ended_at
    from history
    where change in ('deleted', 'gone')
    group by contact_id
),

seen as (
    select windows.contact_id, max(windows.last_at) as last_event_at
    from windows
    semi join endings on windows.contact_id = endings.contact_id
    group by windows.contact_id
),

ended as (
    select current_records.contact_id, endings.ended_at
    from current_records
    inner join endings on current_records.contact_id = endings.contact_id
    left join seen on current_records.contact_id = seen.contact_id
    where current_records.is_ended
        and (seen.last_event_at is null or seen.last_event_at <= endings.ended_at)
),

ranked_owners as (
    select
        owner_id,
        name,
        email,
        row_number() over (
            partition by owner_id order by received_at desc, file_no desc, line desc
        ) as recency
    from owners
),

---------- an address seen only in events counts for a contact without a CRM record
event_addresses as (
    select
        contact_id,
        {{ latest('key', by=['decided_at', 'key']) }} as email
    from keys
    where key_kind = 'email'
    group by contact_id
),

joined as (
    select
        identified.contact_id,
        current_records.crm_id,
        current_records.source,
        coalesce(
            current_records.email,
            case when current_records.crm_id is null then event_addresses.email end
        ) as email,
        current_records.email_given,
        current_records.first_name,
        current_records.last_name,
        current_records.job_title,
        current_records.phone,
        current_records.country,
        coalesce(current_records.timezone, 'UTC') as timezone,
        current_records.language,
        current_records.lifecycle_stage,
        current_records.owner_id,
        coalesce(current_records.owner_name, owners.name) as owner_name,
        coalesce(current_records.owner_email, owners.email) as owner_email,
        current_records.company_id,
        coalesce(companies.name, current_records.company_name) as company_name,
        companies.industry as company_industry,
        companies.employees as company_employees,
        companies.country as company_country,
        companies.plan as company_plan,
        companies.plan_limit as company_plan_limit,
        companies.renewal_on as company_renewal_on,
        current_records.external_id,
        current_records.birthday,
        coalesce(current_records.created_at, identified.first_known_at) as created_at,
        ended.ended_at
    from identified
    left join current_records on identified.contact_id = current_records.contact_id
    left join event_addresses on identified.contact_id = event_addresses.contact_id
    left join companies on current_records.company_id = companies.company_id
    left join ranked_owners as owners
        on current_records.owner_id = owners.owner_id and owners.recency = 1
    left join ended on identified.contact_id = ended.contact_id
)

select * from joined
