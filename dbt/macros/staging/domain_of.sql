{#- The host of a web address, lowercase, without `www.`; a bare domain stays a domain. -#}
{% macro domain_of(url) -%}
    nullif(
        regexp_extract(lower({{ url }}), '^(?:[a-z]+://)?(?:www[.])?([^/:?#@]+[.][^/:?#@]+)', 1), ''
    )
{%- endmacro %}
