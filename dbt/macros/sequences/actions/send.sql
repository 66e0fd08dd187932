{#- Sends the e-mail of the step's template; from here on delivery.send_candidates has the send. -#}
{% macro action_send() -%}
    {{ return({'needs_template': true}) }}
{%- endmacro %}
