{#- An instant plus a duration, such as '2 days' or '90 minutes'. -#}
{% macro plus(expression, duration) -%}
    {%- do check_duration(duration) -%}
    {{ return(adapter.dispatch('plus')(expression, duration)) }}
{%- endmacro %}

{% macro default__plus(expression, duration) -%}
    ({{ expression }} + interval '{{ duration }}')
{%- endmacro %}


{#- An instant minus a duration, such as '2 days'. -#}
{% macro minus(expression, duration) -%}
    {%- do check_duration(duration) -%}
    {{ return(adapter.dispatch('minus')(expression, duration)) }}
{%- endmacro %}

{% macro default__minus(expression, duration) -%}
    ({{ expression }} - interval '{{ duration }}')
{%- endmacro %}


{#- The last instant before an instant: one microsecond earlier. -#}
{% macro just_before(instant) -%}
    {{ return(adapter.dispatch('just_before')(instant)) }}
{%- endmacro %}

{% macro default__just_before(instant) -%}
    ({{ instant }} - interval '1 microsecond')
{%- endmacro %}


{#- The earliest instant in a partition that is at least a duration later than the row's own
    instant. -#}
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


{#- An instant minus a number of days. The number is an SQL expression. -#}
{% macro minus_days(expression, days) -%}
    {{ return(adapter.dispatch('minus_days')(expression, days)) }}
{%- endmacro %}

{% macro default__minus_days(expression, days) -%}
    ({{ expression }} - {{ days }} * interval '1 day')
{%- endmacro %}


{#- An instant plus a number of days. The number is an SQL expression. -#}
{% macro plus_days(expression, days) -%}
    {{ return(adapter.dispatch('plus_days')(expression, days)) }}
{%- endmacro %}

{% macro default__plus_days(expression, days) -%}
    ({{ expression }} + {{ days }} * interval '1 day')
{%- endmacro %}


{#- The UTC day of an instant. It is computed from the instant's number: timezone() would consult a
    calendar for every row, even for UTC. -#}
{% macro utc_day(expression) -%}
    {{ return(adapter.dispatch('utc_day')(expression)) }}
{%- endmacro %}

{% macro default__utc_day(expression) -%}
    cast(make_timestamp(epoch_us({{ expression }})) as date)
{%- endmacro %}


{#- The instant at which a day begins in UTC. -#}
{% macro utc_midnight(day) -%}
    {{ return(adapter.dispatch('utc_midnight')(day)) }}
{%- endmacro %}

{% macro default__utc_midnight(day) -%}
    timezone('UTC', cast({{ day }} as timestamp))
{%- endmacro %}


{#- The calendar day of a date or an instant in a time zone; a date is the same day in every zone,
    and so is a text that is a date. A text without a year (`--05-12`) gives the day in 1904, a leap
    year, if `yearless`, else null. -#}
{% macro local_day(expression, zone, yearless=false) -%}
    {{ return(adapter.dispatch('local_day')(expression, zone, yearless)) }}
{%- endmacro %}

{% macro default__local_day(expression, zone, yearless) -%}
    case
        when typeof({{ expression }}) = 'DATE' then cast({{ expression }} as date)
        when starts_with(cast({{ expression }} as varchar), '--')
            then {% if yearless -%}
                cast('1904' || substr(cast({{ expression }} as varchar), 2) as date)
            {%- else -%}
                null
            {%- endif %}
        when regexp_matches(cast({{ expression }} as varchar), '^[0-9]{4}-[0-9]{2}-[0-9]{2}$')
            then cast({{ expression }} as date)
        else cast(timezone({{ zone }}, cast({{ expression }} as timestamptz)) as date)
    end
{%- endmacro %}


{#- A day, some years later. 29 February becomes 28 February in years without a 29 February. -#}
{% macro plus_years(day, years) -%}
    {{ return(adapter.dispatch('plus_years')(day, years)) }}
{%- endmacro %}

{% macro default__plus_years(day, years) -%}
    cast({{ day }} + {{ years }} * interval '1 year' as date)
{%- endmacro %}


{#- The first instant at which the clocks of a zone show a time ('09:00') of a day, or a later time.
    A time inside the gap of a change to summer time gives the end of the gap. A time that occurs
    twice gives the first occurrence. -#}
{% macro local_instant(day, time, zone) -%}
    {{ return(adapter.dispatch('local_instant')(day, time, zone)) }}
{%- endmacro %}

{% macro default__local_instant(day, time, zone) -%}
    {#- DuckDB reads a time in a gap with the offset before the gap, and takes the second of two
        occurrences. Its answer is never too early. It is too late by at most the minutes by which
        the clocks were moved within the day. -#}
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
