{#-
    Stays of contacts in a segment (contact_id, entered_at, exited_at, change_id of the entry): the
    changes decided by earlier ticks, and the members at the clock. The result equals
    segments.membership after this tick. It does not read that table, because a segment may read a
    score.
-#}
{% macro stays_in(segment) -%}
with

clock as (
    select as_of from {{ source('control', 'clock') }}
),

members as (
    select distinct members.contact_id
    from {{ ref(segment) }} as members
    semi join {{ ref('contacts') }} as contacts
        on members.contact_id = contacts.contact_id and contacts.ended_at is null
),

changes as (
    select contact_id, change, ordinal, decided_at
    from {{ source('state', 'segment_changes') }}
    where segment = '{{ segment }}'
),

last_changes as (
    select contact_id, max(ordinal) as ordinal, max_by(change, ordinal) as change
    from changes
    group by contact_id
),

entries as (
    select contact_id, ordinal, decided_at from changes where change = 'entered'
    union all
    select
        members.contact_id,
        coalesce(last_changes.ordinal, 0) + 1 as ordinal,
        clock.as_of as decided_at
    from members
    cross join clock
    left join last_changes on members.contact_id = last_changes.contact_id
    where last_changes.change is distinct from 'entered'
),

exits as (
    select contact_id, ordinal, decided_at from changes where change = 'exited'
    union all
    select
        last_changes.contact_id,
        last_changes.ordinal + 1 as ordinal,
        clock.as_of as decided_at
    from last_changes
    cross join clock
    anti join members on last_changes.contact_id = members.contact_id
    where last_changes.change = 'entered'
)

select
    entries.contact_id,
    entries.decided_at as entered_at,
    exits.decided_at as exited_at,
    {{ hash_id(["'" ~ segment ~ "'", 'entries.contact_id', 'entries.ordinal']) }} as change_id
from entries
left join exits
    on entries.contact_id = exits.contact_id and entries.ordinal + 1 = exits.ordinal
{%- endmacro %}
