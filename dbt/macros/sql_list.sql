{#- Words as an SQL list: ('a', 'b'). -#}
{% macro sql_list(words) -%}
    ({% for word in words %}'{{ word | replace("'", "''") }}'{{ ", " if not loop.last }}{% endfor %})
{%- endmacro %}
