{#-
    Fire each time the contact enters the segment, or leaves it. Not when two contacts turn out to be
    one, nor when the CRM lets somebody go or tells of them again: then nobody came or went. One that
    is new fires for who is in the segment, and for nobody who left before.
-#}
{% macro segment_entry_trigger(segment) -%}
{%- do check_kind('segments', segment, 'segment_entry_trigger()') -%}
with

changes as (
    {{ changes_of_segment(segment) }}
),

---------- those of the last look again: that tick may have died before it was through
entries as (
    select *
    from changes
    where change = 'entered'
        and reason = 'rule'
        and decided_at >= {{ last_look() }}
        and (is_last or decided_at >= {{ last_look(otherwise="timestamptz 'infinity'") }})
)

{{ firings_of_changes('entries') }}
{%- endmacro %}


{% macro segment_exit_trigger(segment) -%}
{%- do check_kind('segments', segment, 'segment_exit_trigger()') -%}
with

changes as (
    {{ changes_of_segment(segment) }}
),

---------- those of the last look again, as above
exits as (
    select *
    from changes
    where change = 'exited'
        and reason = 'rule'
        and decided_at >= {{ last_look(otherwise=as_of()) }}
)

{{ firings_of_changes('exits') }}
{%- endmacro %}


{% macro changes_of_segment(segment) -%}
select
    change_id,
    contact_id,
    change,
    reason,
    decided_at,
    lead(change) over (partition by contact_id order by ordinal) is null as is_last
from {{ ref('segment_changes') }}
where segment = {{ sql_text(name_of(segment)) }}
{%- endmacro %}


{% macro firings_of_changes(changes) -%}
select
    contact_id,
    decided_at as fired_at,
    change_id as occurrence,
    {{ json_object({'change_id': 'change_id'}) }} as evidence
from {{ changes }}
{%- endmacro %}
