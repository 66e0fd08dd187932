{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='file_id',
    post_hook="{{ move_watermarks() }}",
) }}

with

events as (
    select file_id, file_no, occurred_at, received_at from {{ ref('stg_events') }}
),

tracking as (
    select file_id, file_no, occurred_at, received_at from {{ ref('stg_tracking') }}
),

---------- a file with rows of future days becomes known step by step: each time it is read again
arrived as (
    select file_no from {{ arrivals('events', own_name()) }}
    union
    select file_no from {{ arrivals('tracking', own_name()) }}
),

facts as (
    select events.*
    from events
    semi join arrived on events.file_no = arrived.file_no
    union all
    select tracking.*
    from tracking
    semi join arrived on tracking.file_no = arrived.file_no
)

select
    file_id,
    median({{ seconds_between('occurred_at', 'received_at') }}) as median_seconds,
    max({{ seconds_between('occurred_at', 'received_at') }}) as max_seconds
from facts
group by file_id
