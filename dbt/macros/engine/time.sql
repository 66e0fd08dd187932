{#- `expression` (an instant) plus a duration as people write it: '2 days', '90 minutes'. -#}
{% macro plus(expression, duration) -%}
    {%- do check_duration(duration) -%}
    {{ return(adapter.dispatch('plus')(expression, duration)) }}
{%- endmacro %}

{% macro default__plus(expression, duration) -%}
    ({{ expression }} + interval '{{ duration }}')
{%- endmacro %}


{#- `expression` (an instant) minus a duration as people write it. -#}
{% macro minus(expression, duration) -%}
    {%- do check_duration(duration) -%}
    {{ return(adapter.dispatch('minus')(expression, duration)) }}
{%- endmacro %}

{% macro default__minus(expression, duration) -%}
    ({{ expression }} - interval '{{ duration }}')
{%- endmacro %}


{#- `expression` (an instant) minus a number of days that is itself an SQL expression. -#}
{% macro minus_days(expression, days) -%}
    {{ return(adapter.dispatch('minus_days')(expression, days)) }}
{%- endmacro %}

{% macro default__minus_days(expression, days) -%}
    ({{ expression }} - {{ days }} * interval '1 day')
{%- endmacro %}


{#- `expression` (an instant) plus a number of days that is itself an SQL expression. -#}
{% macro plus_days(expression, days) -%}
    {{ return(adapter.dispatch('plus_days')(expression, days)) }}
{%- endmacro %}

{% macro default__plus_days(expression, days) -%}
    ({{ expression }} + {{ days }} * interval '1 day')
{%- endmacro %}


{#- The UTC day of an instant. -#}
{% macro utc_day(expression) -%}
    {{ return(adapter.dispatch('utc_day')(expression)) }}
{%- endmacro %}

{% macro default__utc_day(expression) -%}
    cast(timezone('UTC', {{ expression }}) as date)
{%- endmacro %}


{#- Seconds from one instant to another. -#}
{% macro seconds_between(earlier, later) -%}
    {{ return(adapter.dispatch('seconds_between')(earlier, later)) }}
{%- endmacro %}

{% macro default__seconds_between(earlier, later) -%}
    (epoch({{ later }}) - epoch({{ earlier }}))
{%- endmacro %}


{#- Stops the parse when a duration is not one, with the file that says so, and where in it. -#}
{% macro check_duration(duration, where='') -%}
    {%- if not modules.re.match('^\\d+ (minute|hour|day|week)s?$', duration | string) -%}
        {{ exceptions.raise_compiler_error(
            this_file() ~ ": " ~ (where ~ ": " if where else "") ~ "'" ~ duration
            ~ "' is not a duration; write a number and minutes, hours, days or weeks,"
            ~ " such as '2 days'"
        ) }}
    {%- endif -%}
{%- endmacro %}
