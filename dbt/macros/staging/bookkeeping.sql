{#- The last columns of every staging model of an input: the file and line of a version, and when
    the version was received. -#}
{% macro bookkeeping() -%}
    _file_id as file_id,
    _file_no as file_no,
    _line as line,
    _received_at as received_at
{%- endmacro %}
