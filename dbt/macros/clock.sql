{#- The clock of the tick: the instant up to which facts count. Models and macros have no other
    clock. -#}
{% macro as_of() -%}
    (select as_of from {{ source('control', 'clock') }})
{%- endmacro %}


{#- A number from [parameters] in sendhouse.toml. A missing name stops the model with an error. -#}
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
