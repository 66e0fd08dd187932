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


{#- The last instant before another. -#}
{% macro just_before(instant) -%}
    {{ return(adapter.dispatch('just_before')(instant)) }}
{%- endmacro %}

{% macro default__just_before(instant) -%}
    ({{ instant }} - interval '1 microsecond')
{%- endmacro %}


{#- The earliest `instant` in a partition that lies at least a duration after the row's own. -#}
{% macro next_after(instant, duration, partition_by) -%}
    {%- do check_duration(duration) -%}
    {{ return(adapter.dispatch('next_after')(instant, duration, partition_by)) }}
{%- endmacro %}

{% macro default__next_after(instant, duration, partition_by) -%}
    min({{ instant }}) over (
        partition by {{ partition_by }}
        order by {{ instant }}
        range between interval '{{ duration }}' following and unbounded following
    )
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


{#- The UTC day of an instant. By way of the number it is: DuckDB asks a calendar about every row
    that goes through timezone(), for UTC too. -#}
{% macro utc_day(expression) -%}
    {{ return(adapter.dispatch('utc_day')(expression)) }}
{%- endmacro %}

{% macro default__utc_day(expression) -%}
    cast(make_timestamp(epoch_us({{ expression }})) as date)
{%- endmacro %}


{#- The instant with which a day begins in UTC. -#}
{% macro utc_midnight(day) -%}
    {{ return(adapter.dispatch('utc_midnight')(day)) }}
{%- endmacro %}

{% macro default__utc_midnight(day) -%}
    timezone('UTC', cast({{ day }} as timestamp))
{%- endmacro %}


{#- The day that a date or an instant is in a time zone; a date is the same day everywhere. -#}
{% macro local_day(expression, zone) -%}
    {{ return(adapter.dispatch('local_day')(expression, zone)) }}
{%- endmacro %}

{% macro default__local_day(expression, zone) -%}
    case
        when typeof({{ expression }}) = 'DATE' then cast({{ expression }} as date)
        else cast(timezone({{ zone }}, cast({{ expression }} as timestamptz)) as date)
    end
{%- endmacro %}


{#- A day some years on; 29 February is 28 February in years that have none. -#}
{% macro plus_years(day, years) -%}
    {{ return(adapter.dispatch('plus_years')(day, years)) }}
{%- endmacro %}

{% macro default__plus_years(day, years) -%}
    cast({{ day }} + {{ years }} * interval '1 year' as date)
{%- endmacro %}


{#- The year of a day or an instant (UTC). -#}
{% macro year_of(expression) -%}
    {{ return(adapter.dispatch('year_of')(expression)) }}
{%- endmacro %}

{% macro default__year_of(expression) -%}
    cast(extract(year from {{ expression }}) as integer)
{%- endmacro %}


{#- The first instant at which the clocks of a zone show a time ('09:00') of a day or are past it:
    of a time that a change to summer time leaves out the end of the gap, of one that occurs twice
    the first. -#}
{% macro local_instant(day, time, zone) -%}
    {{ return(adapter.dispatch('local_instant')(day, time, zone)) }}
{%- endmacro %}

{% macro default__local_instant(day, time, zone) -%}
    {#- DuckDB reads a time in a gap by the offset before it and takes the second of two: never too
        early, and too late by no more than what the clocks were moved by within the day. -#}
    {%- set local = "(" ~ day ~ " + time '" ~ time ~ "')" -%}
    {%- set latest = "timezone(" ~ zone ~ ", " ~ local ~ ")" -%}
    list_min(list_filter(
        list_transform(
            range(0, 1 + abs(date_diff(
                'minute',
                timezone({{ zone }}, {{ latest }} - interval '1 day') + interval '1 day',
                timezone({{ zone }}, {{ latest }})
            ))),
            lambda minutes: {{ latest }} - minutes * interval '1 minute'
        ),
        lambda instant: timezone({{ zone }}, instant) >= {{ local }}
    ))
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
