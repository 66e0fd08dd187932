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

---------- in two steps: to compare instants is quick, to compare rows is not
first_instants as (
    select written_key, anonymous_id, min(received_at) as received_at
    from arrived
    group by written_key, anonymous_id
),

firsts as (
    select
        arrived.written_key,
        arrived.anonymous_id,
        min(row(arrived.occurred_at, arrived.event_id)) as first,
        first_instants.received_at
    from arrived
    inner join first_instants
        on arrived.written_key = first_instants.written_key
            and arrived.anonymous_id = first_instants.anonymous_id
            and arrived.received_at = first_instants.received_at
    group by arrived.written_key, arrived.anonymous_id, first_instants.received_at
),

sightings as (
    select
        written_key,
        anonymous_id,
        first[2] as event_id,
        first[1] as occurred_at,
        received_at
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
