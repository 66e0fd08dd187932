with

members as (
    select segment, contact_id from {{ ref('segment_members') }}
),

decided as (
    select segment, contact_id, change, reason, ordinal
    from {{ source('state', 'segment_changes') }}
),

contacts as (
    select contact_id from {{ ref('contacts') }} where ended_at is null
),

aliases as (
    select contact_id, canonical_id from {{ ref('contact_aliases') }}
),

last_changes as (
    select
        segment,
        contact_id,
        max_by(change, ordinal) as change,
        max_by(reason, ordinal) as reason,
        max(ordinal) as ordinal
    from decided
    group by segment, contact_id
),

---------- a stay that broke off with the end of the contact goes on when the contact is back; a
---------- merge passes the stay on to the other contact
resumed as (
    select
        last_changes.segment,
        last_changes.contact_id,
        'entered' as change,
        case when aliases.contact_id is null then 'returned' else 'merged' end as reason,
        last_changes.ordinal + 1 as ordinal
    from last_changes
    left join contacts on last_changes.contact_id = contacts.contact_id
    left join aliases on last_changes.contact_id = aliases.contact_id
    where last_changes.change = 'exited'
        and (
            (last_changes.reason in ('ended', 'merged') and contacts.contact_id is not null)
            or (last_changes.reason = 'ended' and aliases.contact_id is not null)
        )
),

inside as (
    select segment, contact_id, ordinal from last_changes where change = 'entered'
    union all
    select segment, contact_id, ordinal from resumed
),

exited as (
    select
        inside.segment,
        inside.contact_id,
        'exited' as change,
        case
            when aliases.contact_id is not null then 'merged'
            when contacts.contact_id is null then 'ended'
            else 'rule'
        end as reason,
        inside.ordinal + 1 as ordinal
    from inside
    anti join members
        on inside.segment = members.segment and inside.contact_id = members.contact_id
    left join aliases on inside.contact_id = aliases.contact_id
    left join contacts on inside.contact_id = contacts.contact_id
),

---------- a contact that takes over a stay by a merge did not enter by the rule
passed_on as (
    select distinct inside.segment, aliases.canonical_id as contact_id
    from inside
    inner join aliases on inside.contact_id = aliases.contact_id
),

entered as (
    select
        members.segment,
        members.contact_id,
        'entered' as change,
        case when passed_on.contact_id is null then 'rule' else 'merged' end as reason,
        coalesce(last_changes.ordinal, 0) + 1 as ordinal
    from members
    anti join inside
        on members.segment = inside.segment and members.contact_id = inside.contact_id
    left join last_changes
        on members.segment = last_changes.segment and members.contact_id = last_changes.contact_id
    left join passed_on
        on members.segment = passed_on.segment and members.contact_id = passed_on.contact_id
),

changes as (
    select * from resumed
    union all
    select * from exited
    union all
    select * from entered
)

select
    {{ hash_id(['segment', 'contact_id', 'ordinal']) }} as change_id,
    segment,
    contact_id,
    change,
    ordinal,
    {{ known_until() }} as decided_at,
    reason
from changes
