{{ config(materialized='view') }}
with

starts as (
    select * from {{ ref('enrollment_starts') }}
),

exits as (
    select * from {{ ref('enrollment_exits') }}
)

select
    starts.enrollment_id,
    starts.sequence,
    starts.contact_id,
    starts.firing_id,
    starts.fired_at,
    starts.enrolled_at,
    exits.exited_at,
    exits.exit_reason
from starts
left join exits on starts.enrollment_id = exits.enrollment_id
