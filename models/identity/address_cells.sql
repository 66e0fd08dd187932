{{ config(materialized='view') }}
{#- Reads raw tracking, because its staging model reads address_readings. -#}
with

cells as (
    select email_given as cell from {{ ref('record_versions') }}
    union all
    select other_emails as cell from {{ ref('record_versions') }}
    union all
    select email as cell from {{ ref('input_consents') }}
    union all
    select written_key as cell from {{ ref('event_sightings') }}
    union all
    select written_key as cell from {{ ref('form_events') }}
    union all
    select email as cell from {{ source('tracking', 'tracking') }}
)

select distinct {{ address_cell('cell') }} as cell
from cells
where {{ address_cell('cell') }} is not null
