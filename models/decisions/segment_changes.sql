{{ config(post_hook="{{ move_watermarks() }}") }}

with

members as (
    select segment, contact_id from {{ ref('current_members') }}
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

---------- who turned out to be somebody that is in the segment has not come, nor has who turned out
---------- to be somebody else gone
merged as (
    select distinct last_changes.segment, aliases.canonical_id as contact_id
    from last_changes
    inner join aliases on last_changes.contact_id = aliases.contact_id
    where last_changes.change = 'entered'
),

---------- whom the CRM had let go of, or merged away, and tells of again since the last tick
let_go as (
    select distinct contact_id
    from last_changes
    where change = 'exited' and reason in ('ended', 'merged')
),

lives as (
    select
        history.contact_id,
        history.is_ended,
        history.valid_from,
        lag(history.is_ended) over (
            partition by history.crm_id order by history.valid_from, history.valid_to nulls last
        ) as was_ended
    from {{ ref('contact_history') }} as history
    semi join let_go on history.contact_id = let_go.contact_id
),

returned as (
    select distinct contact_id
    from lives
    where was_ended and not is_ended and valid_from > {{ watermark(own_name(), 'as_of') }}
),

entered as (
    select
        members.segment,
        members.contact_id,
        'entered' as change,
        case
            when merged.contact_id is not null then 'merged'
            when last_changes.reason <> 'rule' and returned.contact_id is not null then 'returned'
            else 'rule'
        end as reason,
        coalesce(last_changes.ordinal, 0) + 1 as ordinal
    from members
    left join last_changes
        on members.segment = last_changes.segment and members.contact_id = last_changes.contact_id
    left join merged
        on members.segment = merged.segment and members.contact_id = merged.contact_id
    left join returned on members.contact_id = returned.contact_id
    where last_changes.change is null or last_changes.change = 'exited'
),

exited as (
    select
        last_changes.segment,
        last_changes.contact_id,
        'exited' as change,
        case
            when aliases.contact_id is not null then 'merged'
            when contacts.contact_id is null then 'ended'
            else 'rule'
        end as reason,
        last_changes.ordinal + 1 as ordinal
    from last_changes
    anti join members
        on last_changes.segment = members.segment and last_changes.contact_id = members.contact_id
    left join aliases on last_changes.contact_id = aliases.contact_id
    left join contacts on last_changes.contact_id = contacts.contact_id
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
    reason,
    ordinal,
    {{ as_of() }} as decided_at
from changes
