{{ config(materialized='view') }}
with

attempts as (
    select * from {{ ref('stg_attempts') }}
),

tracking as (
    select * from {{ ref('stg_tracking') }}
),

decisions as (
    select send_id, contact_id, sequence, step from {{ ref('step_decisions') }}
),

unknown as (
    select send_id, attempt, message_id, started_at
    from attempts
    where status = 'unknown'
),

evidence as (
    select
        send_id,
        {{ earliest('type', by=['occurred_at', 'type']) }} as evidence,
        min(occurred_at) as evidence_at
    from tracking
    where send_id is not null
        and type in {{ sql_list(tracking_types('departure')) }}
    group by send_id
)

select
    unknown.send_id,
    unknown.attempt,
    decisions.contact_id,
    decisions.sequence,
    decisions.step,
    unknown.message_id,
    unknown.started_at,
    evidence.evidence,
    evidence.evidence_at
from unknown
left join decisions on unknown.send_id = decisions.send_id
left join evidence on unknown.send_id = evidence.send_id
