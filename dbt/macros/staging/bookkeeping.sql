{#- The last columns of every model of an input object: where a version stands and when it came. -#}
{% macro bookkeeping() -%}
    _file_id as file_id,
    _file_no as file_no,
    _line as line,
    _received_at as received_at
{%- endmacro %}
