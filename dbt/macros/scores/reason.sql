{#-
    One reason for which a contact scores. It comes of one of three things:
      event       what they did: each event of that name, when it happened
      engagement  what a person (never a machine) did with a mail: opened, clicked, replied,
                  unsubscribed, complained. Once a mail: one opened ten times is one opened mail
      segment     what they are: while they are in it, from when they entered
    and is worth:
      points      a number, negative too, or parameter('name'), which a replay can try another way
      half_life   after this long half of the points is left, after twice as long a quarter; after
                  ten times (a thousandth is left) nothing
      expires     after this long nothing is left; points without either are for good
    Further:
      where       SQL that narrows an event (over amount, properties, occurred_at) or an engagement
                  (over url, sequence, step): where=json_text('properties', 'page') ~ " like '/x%'"
      part        'demographic' or 'behavioral'; a segment is demographic, all else behavioral
                  unless this says otherwise
    Points of a reason, its half-life and its expiry may be changed at any time and cost nothing;
    of another event or another `where` all that ever happened is read once.
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


{#- Stops the parse at the first reason that cannot work, naming the file and the reason. -#}
{% macro check_reasons(reasons) -%}
    {%- set doings = tracking_types('engagement') -%}
    {%- set parts = ['demographic', 'behavioral'] -%}
    {%- set seen = [] -%}
    {%- for reason in reasons -%}
        {%- set which = "reason '" ~ reason.name ~ "'" -%}
        {%- set where = this_file() ~ ": " ~ which -%}
        {%- set sources = [reason.event, reason.engagement, reason.segment] | select | list -%}
        {%- if reason.name in seen -%}
            {{ exceptions.raise_compiler_error(where ~ " is there twice") }}
        {%- elif reason.points is undefined or reason.points is none -%}
            {{ exceptions.raise_compiler_error(where ~ " has no points") }}
        {%- elif sources | length != 1 -%}
            {{ exceptions.raise_compiler_error(
                where ~ " comes of " ~ (sources | join(' and ') or 'nothing')
                ~ "; say one of event, engagement, segment"
            ) }}
        {%- elif reason.engagement and reason.engagement not in doings -%}
            {{ exceptions.raise_compiler_error(
                where ~ " names engagement '" ~ reason.engagement ~ "'; there are: "
                ~ doings | join(', ')
            ) }}
        {%- elif reason.segment and reason.where -%}
            {{ exceptions.raise_compiler_error(
                where ~ " narrows a segment with `where`; narrow it in a segment of its own"
            ) }}
        {%- elif reason.part not in parts -%}
            {{ exceptions.raise_compiler_error(
                where ~ " is of part '" ~ reason.part ~ "'; there are: " ~ parts | join(', ')
            ) }}
        {%- endif -%}
        {%- if reason.segment -%}
            {%- do check_known('segments', reason.segment, which) -%}
        {%- endif -%}
        {%- for duration in [reason.half_life, reason.expires] if duration is not none -%}
            {%- do check_duration(duration, which) -%}
            {%- if duration.split(' ')[0] | int == 0 -%}
                {{ exceptions.raise_compiler_error(
                    where ~ " ends in no time: '" ~ duration ~ "'"
                ) }}
            {%- endif -%}
        {%- endfor -%}
        {%- do seen.append(reason.name) -%}
    {%- endfor -%}
    {%- if not reasons -%}
        {{ exceptions.raise_compiler_error(this_file() ~ ": a score needs at least one reason") }}
    {%- endif -%}
{%- endmacro %}


{#- Ten times a duration: '300 days' of '30 days'. What is none stays, for check_reasons to say. -#}
{% macro ten_times(duration) -%}
    {%- set parts = (duration | string).split(' ') -%}
    {{ return(' '.join([(parts[0] | int * 10) | string] + parts[1:])) }}
{%- endmacro %}
