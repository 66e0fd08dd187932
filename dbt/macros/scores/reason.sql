{#-
    One reason of a score. Its source is one of:
      event       an event name: each event counts, from when it happened
      engagement  a reaction by a person (never a machine) to a mail: opened, clicked, replied,
                  unsubscribed, complained. Once per mail: ten opens are one opened mail
      segment     a segment: counts while the contact is in it, from the entry
    Its worth:
      points      a number, also negative, or parameter('name'), which a replay can change
      half_life   after this time half of the points are left, after twice the time a quarter, after
                  ten times (a thousandth is left) nothing
      expires     after this time nothing is left; points without half_life and expires stay
    Optional:
      where       SQL that narrows an event (over amount, properties, occurred_at) or an engagement
                  (over url, sequence, step): where=json_text('properties', 'page') ~ " like '/x%'"
      part        'demographic' or 'behavioral'; the default is demographic for a segment and
                  behavioral otherwise

    Changed points, half-lives and expiries apply at the next tick and cost nothing. A changed event
    or `where` reads the history of that event once.
-#}
{% macro reason(
    name, points, event=none, engagement=none, segment=none, where=none, half_life=none,
    expires=none, part=none
) -%}
    {{ return({
        'name': name, 'points': points, 'event': event, 'engagement': engagement,
        'segment': segment, 'where': where, 'half_life': half_life, 'expires': expires,
        'part': part or ('demographic' if segment else 'behavioral'),
        'life': expires or (ten_times(half_life) if half_life else none),
    }) }}
{%- endmacro %}


{#- Stops the parse at the first invalid reason, with its file and name. -#}
{% macro check_reasons(reasons) -%}
    {%- set engagements = tracking_types('engagement') -%}
    {%- set parts = ['demographic', 'behavioral'] -%}
    {%- set seen = [] -%}
    {%- for reason in reasons -%}
        {%- set which = "reason '" ~ reason.name ~ "'" -%}
        {%- set where = this_file() ~ ": " ~ which -%}
        {%- set sources = [reason.event, reason.engagement, reason.segment] | select | list -%}
        {%- if reason.name in seen -%}
            {{ exceptions.raise_compiler_error(where ~ " is defined twice") }}
        {%- elif reason.points is undefined or reason.points is none -%}
            {{ exceptions.raise_compiler_error(where ~ " has no points") }}
        {%- elif sources | length != 1 -%}
            {{ exceptions.raise_compiler_error(
                where ~ " has the sources: " ~ (sources | join(', ') or 'none')
                ~ "; give one of event, engagement, segment"
            ) }}
        {%- elif reason.event in var('outreach_events') -%}
            {{ exceptions.raise_compiler_error(
                where ~ " counts event '" ~ reason.event ~ "', which is no activity of the contact:"
                ~ " dbt_project.yml lists it under outreach_events"
            ) }}
        {%- elif reason.engagement and reason.engagement not in engagements -%}
            {{ exceptions.raise_compiler_error(
                where ~ " names engagement '" ~ reason.engagement ~ "', which does not exist;"
                ~ " there are: " ~ engagements | join(', ')
            ) }}
        {%- elif reason.segment and reason.where -%}
            {{ exceptions.raise_compiler_error(
                where ~ " has a segment and a `where`; write a narrower segment instead"
            ) }}
        {%- elif reason.part not in parts -%}
            {{ exceptions.raise_compiler_error(
                where ~ " has part '" ~ reason.part ~ "'; use one of: " ~ parts | join(', ')
            ) }}
        {%- endif -%}
        {%- if reason.segment -%}
            {%- do check_known('segments', reason.segment, which) -%}
        {%- endif -%}
        {%- for duration in [reason.half_life, reason.expires] if duration is not none -%}
            {%- do check_duration(duration, which) -%}
            {%- if duration.split(' ')[0] | int == 0 -%}
                {{ exceptions.raise_compiler_error(
                    where ~ " has a duration of zero: '" ~ duration ~ "'"
                ) }}
            {%- endif -%}
        {%- endfor -%}
        {%- do seen.append(reason.name) -%}
    {%- endfor -%}
    {%- if not reasons -%}
        {{ exceptions.raise_compiler_error(this_file() ~ ": a score needs at least one reason") }}
    {%- endif -%}
{%- endmacro %}


{#- Ten times a duration: '300 days' for '30 days'. An invalid duration stays: check_reasons reports
    it. -#}
{% macro ten_times(duration) -%}
    {%- set parts = (duration | string).split(' ') -%}
    {{ return(' '.join([(parts[0] | int * 10) | string] + parts[1:])) }}
{%- endmacro %}
