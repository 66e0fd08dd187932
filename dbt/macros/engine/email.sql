{#-
    Whether a lowercase, trimmed text has the shape of an e-mail address: one @, no spaces or
    commas, a dotted domain (RFC 5321, section 4.1.2, without quoted local parts). No-break spaces
    and control characters count as spaces. Invisible characters, such as a zero-width space, are
    allowed in the domain only: some domains contain them, and the ASCII form drops the others.
-#}
{% macro looks_like_email(text) -%}
    {{ return(adapter.dispatch('looks_like_email')(text)) }}
{%- endmacro %}

{% macro default__looks_like_email(text) -%}
    regexp_matches(
        {{ text }},
        '^[^@\p{Z}\p{C},;:<>()\[\]\\"]{1,64}'
        || '@([^@\p{Z}\p{Cc}.,;:<>()\[\]\\"]+\.)+[^@\p{Z}\p{Cc}.,;:<>()\[\]\\"]{2,63}$'
    )
{%- endmacro %}


{#- A text without surrounding white space. Invisible characters count: tab, line end, no-break
    space, zero-width space, byte-order mark. Copied keys often carry them. -#}
{% macro trimmed(text) -%}
    {{ return(adapter.dispatch('trimmed')(text)) }}
{%- endmacro %}

{% macro default__trimmed(text) -%}
    trim(
        {{ text }},
        ' ' || chr(9) || chr(10) || chr(13) || chr(160) || chr(8203) || chr(65279)
    )
{%- endmacro %}


{#- The form in which addresses are compared, except for the letters of the domain: lowercase,
    composed letters (Unicode NFC). Dots and plus-tags stay, because only some providers ignore
    them. -#}
{% macro plain_email(text) -%}
    {{ return(adapter.dispatch('plain_email')(text)) }}
{%- endmacro %}

{% macro default__plain_email(text) -%}
    lower(nfc_normalize({{ trimmed(text) }}))
{%- endmacro %}


{#- The domain of an address, if the domain has letters outside ASCII; else null. Models join
    `idn_domains` by this value. -#}
{% macro foreign_domain(text) -%}
    {{ return(adapter.dispatch('foreign_domain')(text)) }}
{%- endmacro %}

{% macro default__foreign_domain(text) -%}
    {#- strlen counts bytes, length counts letters -#}
    case
        when strlen({{ text }}) <> length({{ text }}) and contains({{ text }}, '@')
            then split_part({{ plain_email(text) }}, '@', -1)
    end
{%- endmacro %}
