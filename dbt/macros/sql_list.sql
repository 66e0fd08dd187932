{#- A list of words as an SQL list: ('a', 'b'). -#}
{% macro sql_list(words) -%}
    ({% for word in words %}{{ sql_text(word) }}{{ ", " if not loop.last }}{% endfor %})
{%- endmacro %}


{#- A word as an SQL string: 'a'. -#}
{% macro sql_text(word) -%}
    '{{ word | replace("'", "''") }}'
{%- endmacro %}
