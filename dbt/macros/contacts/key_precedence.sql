{#- The order of keys of several kinds with one text, as `by` of earliest(): the first counts. -#}
{% macro key_precedence() -%}
    {{ return([
        "case key_kind when 'email' then 1 when 'id' then 2 when 'external_id' then 3 else 4 end"
    ]) }}
{%- endmacro %}
