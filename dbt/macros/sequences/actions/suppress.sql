{#- Sends the contact no more marketing mail; delivery.suppressions reads the decision. -#}
{% macro action_suppress() -%}
    {{ return({'needs_template': false}) }}
{%- endmacro %}
