with

changes as (
    select * from {{ ref('segment_changes') }}
),

stays as (
    select
        segment,
        contact_id,
        change,
        decided_at as entered_at,
        lead(decided_at) over (partition by segment, contact_id order by ordinal) as exited_at
    from changes
)

select segment, contact_id, entered_at, exited_at
from stays
where change = 'entered'
