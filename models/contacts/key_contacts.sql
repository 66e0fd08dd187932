{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='written_key',
    post_hook="{{ move_watermarks() }}",
) }}

with

keys as (
    select written_key, contact_key from {{ ref('event_keys') }}
),

identities as (
    select * from {{ ref('contact_identities') }}
),

merges as (
    select distinct contact_id from {{ ref('contact_merges') }}
),

{%- if is_incremental() %}

---------- who can be another than at the last tick: new keys, those that were decided on since, and
---------- those of contacts that were ever merged, or no more are
decided_since as (
    select identities.key
    from identities
    where identities.decided_at > {{ watermark(own_name(), 'as_of', "timestamptz '0001-01-01'") }}
        or identities.decided_at = {{ as_of() }}
    union
    select identities.key
    from identities
    semi join merges on identities.decided_for = merges.contact_id
),

wanted as (
    select keys.*
    from keys
    anti join {{ this }} as known on keys.written_key = known.written_key
    union
    select keys.*
    from keys
    semi join decided_since on keys.contact_key = decided_since.key
),
{%- else %}

wanted as (
    select * from keys
),
{%- endif %}

by_key as (
    select
        identities.key,
        {{ earliest('identities.contact_id', by=key_precedence() + ['identities.contact_id']) }}
            as contact_id
    from identities
    semi join wanted on identities.key = wanted.contact_key
    group by identities.key
)

select
    wanted.written_key,
    wanted.contact_key,
    by_key.contact_id
from wanted
left join by_key on wanted.contact_key = by_key.key
