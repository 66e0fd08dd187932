{#-
    Fire each time a contact enters or leaves a segment by the segment's rule. Changes by a merge,
    by a deletion in the CRM or by a return to the CRM do not fire. A new entry trigger fires for
    all current members, whatever the reason of their entry. A new exit trigger does not fire for
    earlier exits.
      segment  ref() of the segment
-#}
{% macro segment_entry_trigger(segment) -%}
{%- do check_kind('segments', segment, 'segment_entry_trigger()') -%}
with

looks as (
    select {{ last_look(otherwise="timestamptz 'infinity'") }} as looked_at
),

changes as (
    {{ changes_of_segment(segment) }}
),

---------- changes at the instant of the last look again: that tick may have died half-way
entries as (
    select changes.*
    from changes
    cross join looks
    where changes.change = 'entered'
        and (
            (changes.reason = 'rule' and changes.decided_at >= looks.looked_at)
            or (changes.is_last and looks.looked_at = timestamptz 'infinity')
        )
)

{{ firings_of_changes('entries') }}
{%- endmacro %}


{% macro segment_exit_trigger(segment) -%}
{%- do check_kind('segments', segment, 'segment_exit_trigger()') -%}
{%- set looking = trigger_watermark() ~ '.looking' -%}
{%- set first_look = watermark(looking, 'as_of', otherwise=known_until()) -%}
with

changes as (
    {{ changes_of_segment(segment) }}
),

---------- changes at the instant of the last look again, as above
exits as (
    select *
    from changes
    where change = 'exited'
        and reason = 'rule'
        and decided_at >= {{ last_look(otherwise=first_look) }}
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
