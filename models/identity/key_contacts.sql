-- depends_on: {{ ref('contact_merges') }}
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='written_key',
    post_hook="{{ move_watermarks() }}",
) }}

with

keys as (
    select written_key, key, addresses, is_certain from {{ ref('event_keys') }}
),

identities as (
    select * from {{ ref('contact_identities') }}
),

{%- if is_incremental() %}

wanted as (
    select keys.*
    from keys
    anti join {{ this }} as known on keys.written_key = known.written_key
    union
    select keys.*
    from keys
    semi join ({{ keys_decided_since(own_name()) }}) as decided
        on keys.written_key = decided.written_key
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
    semi join wanted on identities.key = wanted.key
    group by identities.key
)

select
    wanted.written_key,
    wanted.key,
    wanted.addresses,
    wanted.is_certain,
    by_key.contact_id
from wanted
left join by_key on wanted.key = by_key.key
