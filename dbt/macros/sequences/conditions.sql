{#-
    Conditions for exits, guards and goals. Each returns a mapping:
      sql     a predicate over `enrollment` (enrollment_id, contact_id, fired_at)
      says    the same in words, kept as the reason of the decision
-#}

{#- The contact is in the segment now. -#}
{% macro in_segment(name) -%}
    {%- do check_known('segments', name, 'in_segment()') -%}
    {{ return({
        'says': 'in segment ' ~ name,
        'sql': 'exists (select 1 from ' ~ ref(name) ~ ' as member'
            ~ ' where member.contact_id = enrollment.contact_id)',
    }) }}
{%- endmacro %}


{#- The contact is not in the segment now. -#}
{% macro not_in_segment(name) -%}
    {%- set inside = in_segment(name) -%}
    {{ return({'says': 'not ' ~ inside.says, 'sql': 'not ' ~ inside.sql}) }}
{%- endmacro %}


{#- A feature of contacts.contact_features compared with a value: feature('events_30d', '>=', 5).
    -#}
{% macro feature(name, operator, value) -%}
    {%- do check_known('features', name, 'feature()') -%}
    {%- if operator not in ['=', '<>', '<', '<=', '>', '>='] -%}
        {{ exceptions.raise_compiler_error(
            this_file() ~ ": feature('" ~ name ~ "') compares with '" ~ operator
            ~ "'; use =, <>, <, <=, > or >="
        ) }}
    {%- endif -%}
    {%- set literal = value if value is number else "'" ~ (value | replace("'", "''")) ~ "'" -%}
    {{ return({
        'says': name ~ ' ' ~ operator ~ ' ' ~ value,
        'sql': 'exists (select 1 from ' ~ ref('contact_features') ~ ' as f'
            ~ ' where f.contact_id = enrollment.contact_id'
            ~ ' and f.' ~ name ~ ' ' ~ operator ~ ' ' ~ literal ~ ')',
    }) }}
{%- endmacro %}


{#- The contact has an event `name` since the firing that enrolled it, within a duration of the
    firing if one is given. The firing can be earlier than the enrollment by a tick or a late file.
    -#}
{% macro event(name, within=none) -%}
    {%- set until -%}
        {%- if within %}
            and happened.occurred_at < {{ plus('enrollment.fired_at', within) }}
        {%- endif -%}
    {%- endset -%}
    {{ return({
        'says': 'event ' ~ name ~ (' within ' ~ within if within else ''),
        'event': name,
        'within': within,
        'sql': 'exists (select 1 from ' ~ ref('events') ~ ' as happened'
            ~ ' where happened.contact_id = enrollment.contact_id'
            ~ " and happened.name = '" ~ name ~ "'"
            ~ ' and happened.occurred_at >= enrollment.fired_at' ~ until ~ ')',
    }) }}
{%- endmacro %}


{#- A person (not an auto-responder) replied to a mail of this run of the sequence. -#}
{% macro replied() -%}
    {{ return({'says': 'replied', 'sql': engaged('replied', none, none)}) }}
{%- endmacro %}


{#- The contact is deleted in the CRM: this ends every sequence. -#}
{% macro contact_ended() -%}
    {{ return({
        'says': 'contact ended',
        'sql': 'exists (select 1 from ' ~ ref('contacts') ~ ' as ended'
            ~ ' where ended.contact_id = enrollment.contact_id and ended.ended_at is not null)',
    }) }}
{%- endmacro %}


{#- The mail of an earlier step was sent. -#}
{% macro sent(step) -%}
    {{ return({
        'says': 'sent ' ~ step,
        'step': step,
        'sql': 'exists (select 1 from ' ~ ref('send_attempts') ~ ' as tried where tried.send_id = '
            ~ hash_id(['enrollment.enrollment_id', "'" ~ step ~ "'"]) ~ ' and tried.sent_at is not null)',
    }) }}
{%- endmacro %}


{#- A person (not a scanner or a privacy proxy) opened the mail of an earlier step. -#}
{% macro opened(step) -%}
    {{ return({'says': 'opened ' ~ step, 'sql': engaged('opened', step, none), 'step': step}) }}
{%- endmacro %}


{#- A person clicked in the mail of an earlier step; `link` is a like-pattern over the address. -#}
{% macro clicked(step, link=none) -%}
    {{ return({
        'says': 'clicked ' ~ step ~ (' on ' ~ link if link else ''),
        'sql': engaged('clicked', step, link),
        'step': step,
    }) }}
{%- endmacro %}


{#- The condition does not hold. -#}
{% macro not_(condition) -%}
    {{ return(dict(condition, says='not ' ~ condition.says, sql='not ' ~ condition.sql)) }}
{%- endmacro %}


{% macro engaged(type, step, link) -%}
    {%- set sql -%}
        exists (
            select 1 from {{ ref('engagement') }} as engaged
            where engaged.enrollment_id = enrollment.enrollment_id
                and engaged.type = '{{ type }}'
                and engaged.is_human
                {%- if step %}
                and engaged.step = '{{ step }}'
                {%- endif %}
                {%- if link %}
                and engaged.url like '{{ link | replace("'", "''") }}'
                {%- endif %}
        )
    {%- endset -%}
    {{ return(sql) }}
{%- endmacro %}
