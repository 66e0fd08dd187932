{#-
    Whether a lowercase, trimmed text has the shape of an address that mail can be sent to: one @,
    no spaces or commas, a dotted domain (RFC 5321, section 4.1.2, without quoted local parts).
-#}
{% macro looks_like_email(text) -%}
    {{ return(adapter.dispatch('looks_like_email')(text)) }}
{%- endmacro %}

{% macro default__looks_like_email(text) -%}
    regexp_matches(
        {{ text }},
        '^[^@\s,;:<>()\[\]\\"]{1,64}@([^@\s.,;:<>()\[\]\\"]+\.)+[^@\s.,;:<>()\[\]\\"]{2,63}$'
    )
{%- endmacro %}
