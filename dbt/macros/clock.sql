{#- The clock of the tick: the instant up to which facts count. Models and macros have no other
    clock. A model that reads it runs at every tick; as_of_day() and known_until() cost less. -#}
{% macro as_of() -%}
    (select as_of from {{ source('control', 'clock') }})
{%- endmacro %}


{#- The UTC day of the clock. The passing of time runs a model that reads it once a day. (`today` is
    DuckDB's name for the machine's day.) -#}
{% macro as_of_day() -%}
    (select day from {{ source('control', 'today') }})
{%- endmacro %}


{#- The clock, to limit rows to those known, and to date decisions: the passing of time alone makes
    no row. -#}
{% macro known_until() -%}
    (select as_of from {{ source('control', 'known') }})
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
