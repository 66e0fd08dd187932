{{ config(materialized='view') }}

{{ events_of_companies(ref('stg_company_events')) }}
