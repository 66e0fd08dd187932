{#- Fires each time the contact enters the segment. -#}
{% macro segment_entry_trigger(segment) -%}
    {{ segment_change_trigger(segment, 'entered', 'segment_entry_trigger()') }}
{%- endmacro %}


{#- Fires each time the contact leaves the segment. -#}
{% macro segment_exit_trigger(segment) -%}
    {{ segment_change_trigger(segment, 'exited', 'segment_exit_trigger()') }}
{%- endmacro %}


{% macro segment_change_trigger(segment, change, where) -%}
{%- do check_kind('segments', segment, where) -%}
with

---------- those of the last look again: that tick may have died before it was through
changes as (
    select change_id, contact_id, decided_at
    from {{ ref('segment_changes') }}
    where segment = '{{ name_of(segment) }}'
        and change = '{{ change }}'
        and decided_at >= {{ last_look() }}
)

select
    contact_id,
    decided_at as fired_at,
    change_id as occurrence,
    {{ json_object({'change_id': 'change_id'}) }} as evidence
from changes
{%- endmacro %}
