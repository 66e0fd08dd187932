{#-
    Fires on a date of the contact, at a local time of day.
      date    a feature that is a date, or an instant (its day in the contact's time zone counts). A
              birthday without a year (`--05-12`) fires only with `yearly`
      at      'HH:MM' in the contact's IANA time zone. A time skipped by a change to summer time
              becomes the end of the gap; a time that occurs twice is the first of the two
      before  a number of days or weeks by which the trigger fires earlier
      yearly  fires on every anniversary instead, from the first on; 29 February becomes 28 February
              in years without one
      late    how long after its time the trigger may still fire, if the trigger is new or the date
              was not known in time. After an outage it fires for every date since the last look,
              however late: the sequence limits this with `enroll_within`

    One firing per date: two firings of a contact are at least two days apart, so a contact that
    changes its time zone, or is merged, does not fire twice.
-#}
{% macro date_trigger(date, at='09:00', before=none, yearly=false, late='1 day') -%}
{%- do check_known('features', date, 'date_trigger()') -%}
{%- if not modules.re.match('^([01]\\d|2[0-3]):[0-5]\\d$', at | string) -%}
    {%- do refuse_trigger("'" ~ at ~ "' is not a time of day; write it as '09:00'") -%}
{%- endif -%}
{%- set days_before = whole_days(before) if before else 0 -%}
with

looks as (
    select
        as_of,
        {{ minus('as_of', late) }} as late_since,
        {{ last_look(otherwise="timestamptz 'infinity'") }} as last_look
    from {{ source('control', 'clock') }}
),

clock as (
    select as_of, least(late_since, last_look) as since from looks
),

fired as (
    {{ earlier_firings() }}
),

dates as (
    select
        contact_id,
        timezone,
        {{ local_day(date, 'timezone', yearless=yearly) }} as day
    from {{ ref('contact_features') }}
    where {{ date }} is not null
),

{% if yearly -%}
years as (
    {% for shift in range(-1, 2 + days_before // 365) -%}
        select {{ shift }} as shift
        {{- " union all" if not loop.last }}
    {% endfor %}
),

anniversaries as (
    select
        dates.contact_id,
        dates.timezone,
        dates.day,
        {{ year_of('clock.as_of') }} + years.shift - {{ year_of('dates.day') }} as nth
    from dates
    cross join years
    cross join clock
),

occasions as (
    select contact_id, timezone, {{ plus_years('day', 'nth') }} as day
    from anniversaries
    where nth >= 1
),
{%- else -%}
occasions as (
    select contact_id, timezone, day from dates
),
{%- endif %}

---------- only dates near the clock need their local instant computed
near as (
    select
        occasions.contact_id,
        occasions.timezone,
        occasions.day,
        occasions.day - {{ days_before }} as fires_on,
        clock.as_of,
        clock.since
    from occasions
    cross join clock
    where occasions.day - {{ days_before }} >= {{ utc_day('clock.since') }} - 2
        and occasions.day - {{ days_before }} <= {{ utc_day('clock.as_of') }} + 2
),

timed as (
    select *, {{ local_instant('fires_on', at, 'timezone') }} as fired_at
    from near
),

due as (
    select *
    from timed
    where fired_at <= as_of
        and fired_at > since
        and not {{ fired_near('timed.contact_id', 'timed.fired_at', '2 days') }}
)

select
    contact_id,
    fired_at,
    {{ hash_id(['contact_id', 'day']) }} as occurrence,
    {{ json_object({'date': 'day', 'timezone': 'timezone'}) }} as evidence
from due
{%- endmacro %}


{#- A duration of days or weeks as a number of days. -#}
{% macro whole_days(duration) -%}
    {%- do check_duration(duration) -%}
    {%- set count, unit = duration.split() -%}
    {%- if not unit.startswith(('day', 'week')) -%}
        {%- do refuse_trigger("'" ~ duration ~ "' is not whole days; write days or weeks") -%}
    {%- endif -%}
    {{ return((count | int) * (7 if unit.startswith('week') else 1)) }}
{%- endmacro %}
