{#- The text of a top-level key of a JSON object; null when the object lacks the key. -#}
{% macro json_text(json, key) -%}
    {{ return(adapter.dispatch('json_text')(json, key)) }}
{%- endmacro %}

{% macro default__json_text(json, key) -%}
    json_extract_string({{ json }}, '$."{{ key }}"')
{%- endmacro %}


{#- A key of the first object, if the text is a JSON list of objects; else the text unchanged. -#}
{% macro first_listed(text, key) -%}
    {{ return(adapter.dispatch('first_listed')(text, key)) }}
{%- endmacro %}

{% macro default__first_listed(text, key) -%}
    case
        when {{ text }} like '[%' and json_valid({{ text }})
            then nullif(trim(json_extract_string({{ text }}, '$[0]."{{ key }}"')), '')
        else {{ text }}
    end
{%- endmacro %}


{#- A JSON object from a mapping of keys to SQL expressions. -#}
{% macro json_object(pairs) -%}
    {{ return(adapter.dispatch('json_object')(pairs)) }}
{%- endmacro %}

{% macro default__json_object(pairs) -%}
    json_object(
        {%- for key, value in pairs.items() %}'{{ key }}', {{ value }}
            {{- ", " if not loop.last }}
        {%- endfor -%}
    )
{%- endmacro %}


{#- A whole row as a JSON object, one key per column; instants become ISO 8601 text. -#}
{% macro row_to_json(alias) -%}
    {{ return(adapter.dispatch('row_to_json')(alias)) }}
{%- endmacro %}

{% macro default__row_to_json(alias) -%}
    to_json({{ alias }})
{%- endmacro %}
