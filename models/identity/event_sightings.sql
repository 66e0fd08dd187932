{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['written_key', 'anonymous_id'],
    post_hook="{{ move_watermarks() }}",
) }}

with

arrived as (
    select
        written_key,
        coalesce(anonymous_id, '') as anonymous_id,
        event_id,
        occurred_at,
        received_at
    from {{ arrivals(ref('stg_events'), own_name()) }}
),

firsts as (
    select
        written_key,
        anonymous_id,
        min(row(received_at, occurred_at, event_id)) as first
    from arrived
    group by written_key, anonymous_id
),

sightings as (
    select
        written_key,
        anonymous_id,
        first[3] as event_id,
        first[2] as occurred_at,
        first[1] as received_at
    from firsts
)

select sightings.*
from sightings
{%- if is_incremental() %}
left join {{ this }} as known
    on sightings.written_key = known.written_key and sightings.anonymous_id = known.anonymous_id
where known.written_key is null
    or row(sightings.received_at, sightings.occurred_at, sightings.event_id)
    < row(known.received_at, known.occurred_at, known.event_id)
{%- endif %}
