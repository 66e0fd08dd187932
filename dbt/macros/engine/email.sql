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


{#- A text without the blanks around it, those that cannot be seen included: tab, line end, no-break
    space, zero-width space, byte-order mark. They come along when keys are copied. -#}
{% macro trimmed(text) -%}
    {{ return(adapter.dispatch('trimmed')(text)) }}
{%- endmacro %}

{% macro default__trimmed(text) -%}
    trim(
        {{ text }},
        ' ' || chr(9) || chr(10) || chr(13) || chr(160) || chr(8203) || chr(65279)
    )
{%- endmacro %}


{#- The one form in which an address is compared, but for the letters of its domain: lowercase,
    composed letters (Unicode NFC). Dots and plus-tags stay, only some providers ignore them. -#}
{% macro plain_email(text) -%}
    {{ return(adapter.dispatch('plain_email')(text)) }}
{%- endmacro %}

{% macro default__plain_email(text) -%}
    lower(nfc_normalize({{ trimmed(text) }}))
{%- endmacro %}


{#- The domain of an address if it is written in other letters than ASCII, else null: what
    idn_domains is joined by. -#}
{% macro foreign_domain(text) -%}
    {{ return(adapter.dispatch('foreign_domain')(text)) }}
{%- endmacro %}

{% macro default__foreign_domain(text) -%}
    {#- strlen counts bytes, length letters -#}
    case
        when strlen({{ text }}) <> length({{ text }}) and contains({{ text }}, '@')
            then split_part({{ plain_email(text) }}, '@', -1)
    end
{%- endmacro %}


{#- The one form of an address, its domain in ASCII: `ascii_domain` is that of idn_domains, joined
    by foreign_domain(text), or null. -#}
{% macro canonical_email(text, ascii_domain) -%}
    {{ return(adapter.dispatch('canonical_email')(text, ascii_domain)) }}
{%- endmacro %}

{% macro default__canonical_email(text, ascii_domain) -%}
    case
        when {{ ascii_domain }} is null then {{ plain_email(text) }}
        else
            regexp_replace({{ plain_email(text) }}, '@[^@]*$', '') || '@' || {{ ascii_domain }}
    end
{%- endmacro %}
