{#- A list of words as an SQL list: ('a', 'b'). -#}
{% macro sql_list(words) -%}
    {% if words -%}
        ({% for word in words %}{{ sql_text(word) }}{{ ", " if not loop.last }}{% endfor %})
    {%- else -%}
        (select '' where false)
    {%- endif %}
{%- endmacro %}


{#- A word as an SQL string: 'a'. -#}
{% macro sql_text(word) -%}
    '{{ word | replace("'", "''") }}'
{%- endmacro %}
