{#-
    Whether a text is a bare address in plain ASCII, which SQL reads itself. All other address cells
    are read by senders/address_cells.py, in the model `address_readings`. A text that this rule
    accepts is an address there too; tests/senders/test_address_cells.py checks it.
-#}
{% macro is_plain_address(text) -%}
    {{ return(adapter.dispatch('is_plain_address')(text)) }}
{%- endmacro %}

{% macro default__is_plain_address(text) -%}
    (
        length({{ text }}) <= 64
        and regexp_full_match(
            {{ text }},
            '[A-Za-z0-9_][A-Za-z0-9_+-]*(\.[A-Za-z0-9_+-]+)*'
            || '@([A-Za-z0-9]+(-[A-Za-z0-9]+)*\.)+[A-Za-z]{2,}'
        )
        and not regexp_matches(
            lower({{ text }}), '\.(arpa|invalid|local|localhost|onion|test)$'
        )
    )
{%- endmacro %}


{#- The text of a cell that SQL cannot read and that may hold addresses; else null. -#}
{% macro address_cell(text) -%}
    {{ return(adapter.dispatch('address_cell')(text)) }}
{%- endmacro %}

{% macro default__address_cell(text) -%}
    case
        when {{ is_plain_address(text) }} then null
        when regexp_matches(
            {{ text }},
            '(?i)[@＠﹫]|%(25)?40|\\u0040|&#0*64;|&#x0*40;|&commat;|[(\[{<\s]\s*at\s*[)\]}>\s]'
        )
            then {{ text }}
    end
{%- endmacro %}


{#- The only address of a cell, in its normal form; null without a certain reading. Joined before:
    `left join {{ ref('address_readings') }} as readings on <text> = readings.cell`. -#}
{% macro certain_address(text, readings='readings') -%}
    case
        when {{ readings }}.cell is not null
            then
                case
                    when {{ readings }}.is_certain and len({{ readings }}.addresses) = 1
                        then {{ readings }}.addresses[1]
                end
        when {{ is_plain_address(text) }} then lower({{ text }})
    end
{%- endmacro %}


{#- Every address that a cell can mean, as a list; a refusal counts for each. Joined like
    certain_address(). -#}
{% macro possible_addresses(text, readings='readings') -%}
    case
        when {{ readings }}.cell is not null then {{ readings }}.addresses
        when {{ is_plain_address(text) }} then [lower({{ text }})]
        else cast([] as varchar[])
    end
{%- endmacro %}


{#- An address and a list of addresses as one list without repetitions; [null] if there is none, so
    that unnest() keeps the row. -#}
{% macro each_address(address, addresses) -%}
    {{ return(adapter.dispatch('each_address')(address, addresses)) }}
{%- endmacro %}

{% macro default__each_address(address, addresses) -%}
    coalesce(
        nullif(
            list_distinct(
                list_prepend(cast({{ address }} as varchar), coalesce({{ addresses }}, []))
            ),
            []
        ),
        [null]
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
