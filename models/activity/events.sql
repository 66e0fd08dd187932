{{ config(materialized='view') }}

{{ contact_events(ref('input_events'), 'events.position') }}
