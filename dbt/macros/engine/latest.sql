{#-
    An aggregate: the value of the row that comes last in its group, ordered by several expressions.
    List enough expressions to exclude ties: the next rebuild may break a tie another way.
-#}
{% macro latest(value, by) -%}
    {{ return(adapter.dispatch('latest')(value, by)) }}
{%- endmacro %}

{% macro default__latest(value, by) -%}
    max_by({{ value }}, row({{ by | join(', ') }}))
{%- endmacro %}


{#- An aggregate like `latest`: the value of the row that comes first. -#}
{% macro earliest(value, by) -%}
    {{ return(adapter.dispatch('earliest')(value, by)) }}
{%- endmacro %}

{% macro default__earliest(value, by) -%}
    min_by({{ value }}, row({{ by | join(', ') }}))
{%- endmacro %}
