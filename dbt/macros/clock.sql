{#- The only clock: a table with the one instant up to which facts count. -#}
{% macro as_of() -%}
    (select as_of from {{ source('control', 'clock') }})
{%- endmacro %}


{#- A number from [parameters] of sendhouse.toml; a name that is not there stops the model. -#}
{% macro parameter(name) -%}
    (
        select coalesce(
            max(value),
            {{ fail(
                "missing parameter '" ~ name ~ "': add it to [parameters] in sendhouse.toml"
                ~ " (read by " ~ this_file() ~ ")"
            ) }}
        )
        from {{ source('control', 'parameters') }}
        where name = '{{ name }}'
    )
{%- endmacro %}
