{#- A deterministic id: the hash of what the row is about. `parts` are SQL expressions. -#}
{% macro hash_id(parts) -%}
    {{ return(adapter.dispatch('hash_id')(parts)) }}
{%- endmacro %}

{% macro default__hash_id(parts) -%}
    {#- The unit separator keeps ('ab', 'c') and ('a', 'bc') apart; nulls count as empty. -#}
    md5(concat_ws(chr(31)
        {%- for part in parts %}, coalesce(cast({{ part }} as varchar), ''){% endfor -%}
    ))
{%- endmacro %}


{#- The form in which an address is kept when it must be recognised but not read. -#}
{% macro hash_email(email) -%}
    {{ return(adapter.dispatch('hash_email')(email)) }}
{%- endmacro %}

{% macro default__hash_email(email) -%}
    sha256(lower(trim({{ email }})))
{%- endmacro %}


{#- An aggregate: a number that stands for a set of different values, in whatever order they come. It is
    compared with what the same engine said before; with another version of it all sets are others. -#}
{% macro set_mark(value) -%}
    {{ return(adapter.dispatch('set_mark')(value)) }}
{%- endmacro %}

{% macro default__set_mark(value) -%}
    bit_xor(hash({{ value }}))
{%- endmacro %}
