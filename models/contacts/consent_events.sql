{{ config(materialized='view') }}

{{ contact_events(ref('consent_words')) }}
