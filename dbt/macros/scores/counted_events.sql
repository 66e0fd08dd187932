{#-
    The events that count in a score. Each score records them on its model
    (config.meta.counted_events). activity.scored_events reads them there, because it is built
    before all scores.
-#}

{% macro events_counted_by(reasons) -%}
    {%- set counted = [] -%}
    {%- for reason in reasons if reason.event -%}
        {%- do counted.append({'name': reason.event, 'where': reason.where}) -%}
    {%- endfor -%}
    {{ return(counted) }}
{%- endmacro %}


{#- The events that any reason of any score counts: name, condition, and the definition stored with
    each row of scored_events. A changed condition is a new definition. -#}
{% macro counted_events() -%}
    {%- set conditions = {} -%}
    {%- if execute -%}
        {%- for score in registry()['scores'] -%}
            {%- set node = graph.nodes['model.' ~ project_name ~ '.' ~ score] -%}
            {%- for counted in node.config.meta.get('counted_events', []) -%}
                {%- set where = '(' ~ counted.where ~ ')' if counted.where else 'true' -%}
                {%- do conditions.setdefault(counted.name, []).append(where) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
    {%- set found = [] -%}
    {%- for name, wheres in conditions | dictsort -%}
        {%- set wheres = ['true'] if 'true' in wheres else wheres | unique | sort -%}
        {%- set condition = wheres | join(' or ') -%}
        {%- do found.append({
            'name': name,
            'condition': condition,
            'definition': 'scored_events.' ~ name ~ '.' ~ local_md5(condition)[:8],
        }) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}


{#- Whether any reason counts the event. -#}
{% macro is_counted(all_counted) -%}
    (
        {%- for counted in all_counted %}
        (name = {{ sql_text(counted.name) }} and ({{ counted.condition }}))
        {{- " or" if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}


{#- The definition of an event that a reason counts. -#}
{% macro definition_of_counted(all_counted) -%}
    case name
        {%- for counted in all_counted %}
        when {{ sql_text(counted.name) }} then {{ sql_text(counted.definition) }}
        {%- endfor %}
    end
{%- endmacro %}


{#- The post-hook of activity.scored_events: deletes the rows of definitions no longer in use. -#}
{% macro keep_counted_events() -%}
    {%- set kept = [own_name()] + (counted_events() | map(attribute='definition') | list) -%}
    {%- set gone -%}
        select model from {{ source('control', 'watermarks') }}
        where starts_with(model, '{{ own_name() }}.') and model not in {{ sql_list(kept) }}
    {%- endset -%}
    delete from {{ this }} where definition in ({{ gone }});
    delete from {{ source('control', 'watermarks') }} where model in ({{ gone }});
    {{ move_watermarks(kept) }}
{%- endmacro %}
