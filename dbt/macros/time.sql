{#- The year of a day or of an instant (UTC). -#}
{% macro year_of(expression) -%}
    cast(extract(year from {{ expression }}) as integer)
{%- endmacro %}


{#- Stops the parse when a text is not a duration. The message names the file and the place in it.
    -#}
{% macro check_duration(duration, where='') -%}
    {%- if not modules.re.match('^\\d+ (minute|hour|day|week)s?$', duration | string) -%}
        {{ exceptions.raise_compiler_error(
            this_file() ~ ": " ~ (where ~ ": " if where else "") ~ "'" ~ duration
            ~ "' is not a duration (example: '2 days'; units: minutes, hours, days, weeks)"
        ) }}
    {%- endif -%}
{%- endmacro %}
