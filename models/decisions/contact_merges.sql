{#-
    Somebody known from events alone turns out to be somebody in the CRM: an event brought the
    address first, later a CRM record has both an id that is known and that address. The contact
    that no CRM record stands behind goes; its keys and its history follow. Two CRM records that
    share an address are left as they are: which of them is right is for the CRM to say.
-#}
with

crm as (
    select crm_id, email from {{ ref('stg_standard__contacts') }} where email is not null
),

keys as (
    select key_kind, key, contact_id from {{ ref('contact_keys') }}
),

decided as (
    select contact_id, merged_into, decided_at from {{ source('state', 'contact_merges') }}
),

aliases as (
    select
        contact_id,
        {{ latest('merged_into', by=['decided_at', 'merged_into']) }} as merged_into
    from decided
    group by contact_id
),

resolved as (
    select
        keys.key_kind,
        keys.key,
        coalesce(aliases.merged_into, keys.contact_id) as contact_id
    from keys
    left join aliases on keys.contact_id = aliases.contact_id
),

in_crm as (
    select distinct resolved.contact_id
    from resolved
    inner join crm on resolved.key_kind = 'id' and resolved.key = crm.crm_id
),

found as (
    select
        by_email.contact_id,
        min(by_id.contact_id) as merged_into,
        min(crm.crm_id) as crm_id
    from crm
    inner join resolved as by_id on by_id.key_kind = 'id' and crm.crm_id = by_id.key
    inner join resolved as by_email on by_email.key_kind = 'email' and crm.email = by_email.key
    anti join in_crm on by_email.contact_id = in_crm.contact_id
    where by_email.contact_id <> by_id.contact_id
    group by by_email.contact_id
),

---------- who had been merged into a contact that goes now goes along
followers as (
    select aliases.contact_id, found.merged_into, found.crm_id
    from aliases
    inner join found on aliases.merged_into = found.contact_id
),

merged as (
    select contact_id, merged_into, crm_id from found
    union all
    select contact_id, merged_into, crm_id from followers
)

select
    {{ hash_id(['contact_id', 'merged_into']) }} as merge_id,
    contact_id,
    merged_into,
    'crm record ' || crm_id || ' has the address of both' as evidence,
    {{ as_of() }} as decided_at
from merged
