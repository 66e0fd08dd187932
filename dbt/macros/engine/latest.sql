{#-
    Of a group, the value of the row that comes last (or first) by several expressions. Name enough
    of them that no two rows tie: a tie would be broken another way in the next rebuild.
-#}
{% macro latest(value, by) -%}
    {{ return(adapter.dispatch('latest')(value, by)) }}
{%- endmacro %}

{% macro default__latest(value, by) -%}
    max_by({{ value }}, row({{ by | join(', ') }}))
{%- endmacro %}


{% macro earliest(value, by) -%}
    {{ return(adapter.dispatch('earliest')(value, by)) }}
{%- endmacro %}

{% macro default__earliest(value, by) -%}
    min_by({{ value }}, row({{ by | join(', ') }}))
{%- endmacro %}
