{#- A view over tables by key, not by contact: the contact of a key may change later. -#}
{{ config(materialized='view') }}

with

key_contacts as (
    select written_key, contact_id from {{ ref('key_contacts') }}
),

windows as (
    select * from {{ ref('key_windows') }}
    union all by name
    select * from {{ ref('form_windows') }}
)

select
    key_contacts.contact_id,
    windows.written_key,
    windows.{{ window_columns() | join(',\n    windows.') }}
from windows
inner join key_contacts on windows.written_key = key_contacts.written_key
