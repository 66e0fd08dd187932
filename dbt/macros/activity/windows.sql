{#- The windows that features look through, in whole UTC days, today included. -#}
{% macro window_days() -%}
    {{ return([7, 30, 60, 90, 180]) }}
{%- endmacro %}


{#- Of a relation of days (key columns, day, events, amount, first_at, last_at), one row per key:
    everything there ever was, and what lies in each window and in as long a time before it. -#}
{% macro windows_of(days, key) -%}
select
    {{ key | join(',\n    ') }},
    cast(sum(days.events) as bigint) as events,
    sum(days.amount) as amount,
    min(days.first_at) as first_at,
    max(days.last_at) as last_at,
    {%- for n in window_days() %}
    {%- set within %}days.day > clock.today - {{ n }}{% endset %}
    {%- set before %}days.day > clock.today - {{ 2 * n }} and days.day <= clock.today - {{ n }}
    {%- endset %}
    cast(coalesce(sum(days.events) filter (where {{ within }}), 0) as bigint) as events_{{ n }}d,
    coalesce(sum(days.amount) filter (where {{ within }}), 0) as amount_{{ n }}d,
    cast(coalesce(sum(days.events) filter (where {{ before }}), 0) as bigint)
        as events_previous_{{ n }}d,
    coalesce(sum(days.amount) filter (where {{ before }}), 0) as amount_previous_{{ n }}d
    {{- "," if not loop.last }}
    {%- endfor %}
from {{ days }} as days
cross join (select {{ utc_day('as_of') }} as today from {{ source('control', 'clock') }}) as clock
group by {{ key | join(', ') }}
{%- endmacro %}


{#- Whether a day has left a window, or the time before it, since `earlier`: then what is counted
    through that window is another number, though nothing has happened. -#}
{% macro crosses_a_window(day, earlier, today) -%}
    (
        {%- for n in window_days() %}
        ({{ day }} > {{ earlier }} - {{ n }} and {{ day }} <= {{ today }} - {{ n }})
        or ({{ day }} > {{ earlier }} - {{ 2 * n }} and {{ day }} <= {{ today }} - {{ 2 * n }})
        {{- " or" if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
