{#-
    Merges of contacts, and merges that are undone. The CRM merges two of its records. Or a contact
    from events is a contact of the CRM: a CRM record has an id of one and an address or an id of
    the other. Or an anonymous id was seen beside another contact. Then the contact without a CRM
    record is merged. Two CRM records that share an address stay apart: only the CRM can merge them.
-#}
with recursive

shared_external_ids as (
    select distinct external_id from {{ ref('shared_external_ids') }}
),

records as (
    select
        records.crm_id,
        records.email,
        records.other_emails,
        -- An id that many people have identifies none of them.
        case when shared.external_id is null then records.external_id end as external_id,
        case when records.valid_to is null then 0 else 1 end as age
    from {{ ref('contact_records') }} as records
    left join shared_external_ids as shared on records.external_id = shared.external_id
),

crm_merges as (
    select * from {{ ref('input_contact_merges') }}
),

keys as (
    select key_kind, key, contact_id, found_in, evidence from {{ ref('contact_keys') }}
),

decided as (
    select * from {{ source('state', 'contact_merges') }}
),

{{ merge_chains(source('state', 'contact_merges')) }},

resolved as (
    select
        keys.key_kind,
        keys.key,
        keys.found_in,
        keys.evidence,
        keys.contact_id
    from {{ of_current_contact('keys', aliases='merge_chains') }} as keys
),

---------- the CRM's latest statement about each record, and so about the record's first contact
ranked_statements as (
    select
        crm_id,
        merged_into,
        row_number() over (
            partition by crm_id
            order by
                received_at desc,
                merged_at desc nulls last,
                file_no desc,
                line desc,
                merged_into desc nulls last
        ) as recency
    from crm_merges
    where merged_into is null or merged_into <> crm_id
),

statements as (
    select crm_id, merged_into from ranked_statements where recency = 1
),

said_of_contacts as (
    select
        went.contact_id,
        statements.crm_id,
        stays.contact_id as merged_into,
        statements.merged_into as merged_into_record
    from statements
    inner join keys as went on went.key_kind = 'id' and statements.crm_id = went.key
    left join keys as stays on stays.key_kind = 'id' and statements.merged_into = stays.key
),

by_crm as (
    select
        contact_id,
        coalesce(min(merged_into), contact_id) as merged_into,
        case
            when min(merged_into) is null then 'the crm undid the merge of record ' || min(crm_id)
            else
                'the crm merged record '
                || {{ earliest('crm_id', by=['merged_into', 'crm_id']) }}
                || ' into '
                || {{ earliest('merged_into_record', by=['merged_into', 'crm_id']) }}
        end as evidence
    from said_of_contacts
    group by contact_id
),

---------- contacts with a CRM record; the other contacts can be merged
in_crm as (
    select resolved.contact_id
    from resolved
    inner join records on resolved.key_kind = 'id' and resolved.key = records.crm_id
),

---------- a second address in two records is in doubt: it merges no contacts
second_addresses as (
    select crm_id, age, unnest(other_emails) as email from records
),

written_addresses as (
    select crm_id, email from records where email is not null
    union all
    select crm_id, email from second_addresses
),

addresses_of_one_record as (
    select email from written_addresses group by email having count(distinct crm_id) = 1
),

claimed as (
    select crm_id, age, 'email' as key_kind, email as key, 'address' as what
    from records
    where email is not null
    union all
    select crm_id, age, 'email' as key_kind, email as key, 'second address' as what
    from second_addresses
    where second_addresses.email in (select one.email from addresses_of_one_record as one)
    union all
    select crm_id, age, 'external_id' as key_kind, external_id as key, 'external id' as what
    from records
    where external_id is not null
    union all
    -- Events can have the id before the CRM has it.
    select crm_id, age, 'id' as key_kind, external_id as key, 'external id' as what
    from records
    where external_id is not null and external_id <> crm_id
),

found as (
    select
        theirs.contact_id,
        own.contact_id as merged_into,
        'crm record ' || claimed.crm_id || ' has the ' || claimed.what || ' of both' as evidence,
        row_number() over (
            partition by theirs.contact_id
            order by claimed.age, own.contact_id, claimed.crm_id, claimed.what, claimed.key
        ) as place
    from claimed
    inner join resolved as own on own.key_kind = 'id' and claimed.crm_id = own.key
    inner join resolved as theirs
        on claimed.key_kind = theirs.key_kind and claimed.key = theirs.key
    anti join in_crm on theirs.contact_id = in_crm.contact_id
    anti join by_crm on theirs.contact_id = by_crm.contact_id
    where theirs.contact_id <> own.contact_id
),

---------- contacts that only an anonymous id identifies
named as (
    select distinct contact_id from resolved where key_kind in ('email', 'external_id')
),

unmasked as (
    select
        anonymous.contact_id,
        known.contact_id as merged_into,
        'anonymous id beside a contact: ' || known.evidence as evidence,
        row_number() over (
            partition by anonymous.contact_id
            order by known.contact_id, known.key
        ) as place
    from resolved as known
    inner join resolved as anonymous on anonymous.key_kind = 'id' and known.key = anonymous.key
    anti join in_crm on anonymous.contact_id = in_crm.contact_id
    anti join named on anonymous.contact_id = named.contact_id
    anti join by_crm on anonymous.contact_id = by_crm.contact_id
    anti join found on anonymous.contact_id = found.contact_id
    where known.key_kind = 'anonymous_id' and anonymous.contact_id <> known.contact_id
),

wanted as (
    select contact_id, merged_into, evidence from by_crm
    union all
    select contact_id, merged_into, evidence from found where place = 1
    union all
    select contact_id, merged_into, evidence from unmasked where place = 1
),

last_decisions as (
    select
        contact_id,
        {{ latest('merged_into', by=['ordinal']) }} as merged_into,
        max(ordinal) as ordinal
    from decided
    group by contact_id
),

merged as (
    select
        wanted.contact_id,
        wanted.merged_into,
        wanted.evidence,
        coalesce(last_decisions.ordinal, 0) + 1 as ordinal
    from wanted
    left join last_decisions on wanted.contact_id = last_decisions.contact_id
    where wanted.merged_into <> coalesce(last_decisions.merged_into, wanted.contact_id)
)

select
    {{ hash_id(['contact_id', 'ordinal']) }} as merge_id,
    contact_id,
    merged_into,
    evidence,
    ordinal,
    {{ known_until() }} as decided_at
from merged
