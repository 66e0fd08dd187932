{{ config(materialized='view') }}
with

words as (
    select * from {{ ref('consent_words') }}
),

keys as (
    select * from {{ ref('key_contacts') }}
)

select
    words.event_id,
    keys.contact_id,
    keys.key,
    keys.addresses,
    keys.is_certain,
    words.name,
    words.occurred_at,
    words.received_at,
    words.amount,
    words.properties,
    words.file_no
from words
left join keys on words.written_key = keys.written_key
