{#- A deterministic id: the hash of the values that identify a row. `parts` are SQL expressions. -#}
{% macro hash_id(parts) -%}
    {{ return(adapter.dispatch('hash_id')(parts)) }}
{%- endmacro %}

{% macro default__hash_id(parts) -%}
    {#- The unit separator keeps ('ab', 'c') and ('a', 'bc') apart; nulls count as empty. -#}
    md5(concat_ws(chr(31)
        {%- for part in parts %}, coalesce(cast({{ part }} as varchar), ''){% endfor -%}
    ))
{%- endmacro %}


{#- The hash of an address: enough to recognise the address, not to read it. -#}
{% macro hash_email(email) -%}
    {{ return(adapter.dispatch('hash_email')(email)) }}
{%- endmacro %}

{% macro default__hash_email(email) -%}
    sha256({{ email }})
{%- endmacro %}


{#- An aggregate: a number that identifies a set of distinct values, in any order. Compare it only
    with numbers of the same engine and version: another version gives another number for the same
    set. -#}
{% macro set_mark(value) -%}
    {{ return(adapter.dispatch('set_mark')(value)) }}
{%- endmacro %}

{% macro default__set_mark(value) -%}
    bit_xor(hash({{ value }}))
{%- endmacro %}
