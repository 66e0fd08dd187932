{#- What a recipient or a provider reports only of mail that left. -#}
{% macro signs_of_departure() -%}
    {{ return(['delivered', 'bounced', 'opened', 'clicked', 'complained', 'replied', 'unsubscribed']) }}
{%- endmacro %}
