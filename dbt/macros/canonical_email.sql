{#- The form in which addresses are compared, with the domain in ASCII. `ascii_domain` is the column
    of `idn_domains`, joined by `foreign_domain(text)`; null leaves the domain as it is. -#}
{% macro canonical_email(text, ascii_domain) -%}
    case
        when {{ ascii_domain }} is null then {{ plain_email(text) }}
        else
            regexp_replace({{ plain_email(text) }}, '@[^@]*$', '') || '@' || {{ ascii_domain }}
    end
{%- endmacro %}
