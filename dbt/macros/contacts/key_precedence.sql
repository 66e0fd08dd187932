{#- Of keys of several kinds that read the same: which speaks, as `by` of earliest(). -#}
{% macro key_precedence() -%}
    {{ return([
        "case key_kind when 'email' then 1 when 'id' then 2 when 'external_id' then 3 else 4 end"
    ]) }}
{%- endmacro %}
