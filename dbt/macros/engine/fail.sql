{#- An SQL expression that stops the query with an error message when it is evaluated. -#}
{% macro fail(message) -%}
    {{ return(adapter.dispatch('fail')(message)) }}
{%- endmacro %}

{% macro default__fail(message) -%}
    error('{{ message | replace("'", "''") }}')
{%- endmacro %}
