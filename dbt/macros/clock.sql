{#- The clock of the tick: the instant up to which facts count. Models and macros have no other
    clock. -#}
{% macro as_of() -%}
    (select as_of from {{ source('control', 'clock') }})
{%- endmacro %}


{#- A number from [parameters] in sendhouse.toml. A missing name gives the default. Without a
    default it stops the model with an error. -#}
{% macro parameter(name, default=none) -%}
    (
        select coalesce(
            max(value),
            {{ default if default is not none else fail(
                "missing parameter '" ~ name ~ "': add it to [parameters] in sendhouse.toml"
                ~ " (read by " ~ this_file() ~ ")"
            ) }}
        )
        from {{ source('control', 'parameters') }}
        where name = '{{ name }}'
    )
{%- endmacro %}
