{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['written_key', 'name'],
    post_hook="{{ move_watermarks() }}",
) }}

{{ kept_windows(ref('stg_events')) }}
