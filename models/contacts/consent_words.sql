{{ config(
    materialized='incremental',
    incremental_strategy='append',
    post_hook="{{ move_watermarks() }}",
) }}

with

arrived as (
    select * from {{ arrivals(ref('stg_events'), own_name()) }}
)

select
    event_id,
    written_key,
    name,
    occurred_at,
    received_at,
    properties,
    amount,
    currency,
    anonymous_id,
    file_id,
    file_no
from arrived
where name in ('subscribed', 'unsubscribed')
    or (
        name in {{ sql_list(var('consent_events')) }}
        and contains(cast(properties as varchar), '"marketing_consent"')
        and try_cast({{ json_text('properties', 'marketing_consent') }} as boolean)
    )
