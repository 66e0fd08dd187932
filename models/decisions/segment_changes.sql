with

members as (
    select segment, contact_id from {{ ref('current_members') }}
),

decided as (
    select segment, contact_id, change, ordinal
    from {{ source('state', 'segment_changes') }}
),

last_changes as (
    select
        segment,
        contact_id,
        max_by(change, ordinal) as change,
        max(ordinal) as ordinal
    from decided
    group by segment, contact_id
),

entered as (
    select
        members.segment,
        members.contact_id,
        'entered' as change,
        coalesce(last_changes.ordinal, 0) + 1 as ordinal
    from members
    left join last_changes
        on members.segment = last_changes.segment and members.contact_id = last_changes.contact_id
    where last_changes.change is null or last_changes.change = 'exited'
),

exited as (
    select
        last_changes.segment,
        last_changes.contact_id,
        'exited' as change,
        last_changes.ordinal + 1 as ordinal
    from last_changes
    anti join members
        on last_changes.segment = members.segment and last_changes.contact_id = members.contact_id
    where last_changes.change = 'entered'
),

changes as (
    select * from entered
    union all
    select * from exited
)

select
    {{ hash_id(['segment', 'contact_id', 'ordinal']) }} as change_id,
    segment,
    contact_id,
    change,
    ordinal,
    {{ as_of() }} as decided_at
from changes
