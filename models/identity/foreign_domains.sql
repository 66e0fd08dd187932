{{ config(materialized='view') }}
{#- Reads raw tracking, because its staging model reads idn_domains. -#}
with

addresses as (
    select email_given as address from {{ ref('record_versions') }}
    union all
    select email as address from {{ ref('input_form_submissions') }}
    union all
    select email as address from {{ ref('input_consents') }}
    union all
    select written_key as address from {{ ref('event_sightings') }}
    union all
    select email as address from {{ source('tracking', 'tracking') }}
)

select distinct {{ foreign_domain('address') }} as domain
from addresses
where {{ foreign_domain('address') }} is not null
