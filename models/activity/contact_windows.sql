{#- By key and not by contact is what is kept: who a key is may turn out to be another. -#}
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
