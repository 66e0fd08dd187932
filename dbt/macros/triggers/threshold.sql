{#-
    Fires once per crossing of a level, and again only after a tick has seen the value back at
    `rearm`. A crossing fires at the first tick that sees it; changes between two ticks are not
    seen.
      value        a feature of contacts.contact_features, or SQL over features
      score        instead of value: a score; a contact without reasons has 0
      reaches      fires when the value is at least this; back means at most `rearm`
      falls_below  fires when the value is less than this; back means at least `rearm`
      rearm        omitted: back means no longer beyond the level

    A null value is unknown: it neither fires nor counts as back. Counting features are 0, not null,
    for a contact without events.
-#}
{% macro threshold_trigger(value=none, score=none, reaches=none, falls_below=none, rearm=none) -%}
{%- do check_threshold(value, score, reaches, falls_below, rearm) -%}
{%- set level = reaches if reaches is not none else falls_below -%}
{%- if reaches is not none -%}
    {%- set beyond = "value >= " ~ reaches -%}
    {%- set back = "value <= " ~ rearm if rearm is not none else "value < " ~ reaches -%}
{%- else -%}
    {%- set beyond = "value < " ~ falls_below -%}
    {%- set back = "value >= " ~ (rearm if rearm is not none else falls_below) -%}
{%- endif -%}
with

clock as (
    select as_of from {{ source('control', 'known') }}
),

{% if score -%}
measured as (
    select features.contact_id, coalesce(totals.points, 0) as value
    from {{ ref('contact_features') }} as features
    left join {{ ref('score_totals') }} as totals
        on features.contact_id = totals.contact_id and totals.score = '{{ score }}'
),
{%- else -%}
measured as (
    select contact_id, {{ value }} as value from {{ ref('contact_features') }}
),
{%- endif %}

fired as (
    {{ earlier_firings() }}
),

rearmed as (
    select firing_id from {{ source('state', 'trigger_rearms') }}
),

---------- firings whose crossing is not over
standing as (
    select fired.firing_id, fired.contact_id
    from fired
    anti join rearmed on fired.firing_id = rearmed.firing_id
),

crossed as (
    select measured.contact_id, measured.value, clock.as_of
    from measured
    cross join clock
    anti join standing on measured.contact_id = standing.contact_id
    where {{ beyond }}
),

over as (
    select standing.firing_id, measured.contact_id, measured.value
    from standing
    inner join measured on standing.contact_id = measured.contact_id
    where {{ back }}
)

select
    contact_id,
    as_of as fired_at,
    {{ hash_id(['contact_id', 'as_of']) }} as occurrence,
    {{ json_object({'value': 'value', 'level': level}) }} as evidence
from crossed
union all
select
    contact_id,
    null as fired_at,
    firing_id as occurrence,
    {{ json_object({'value': 'value'}) }} as evidence
from over
{%- endmacro %}


{#- Stops the parse at arguments that do not make a threshold. -#}
{% macro check_threshold(value, score, reaches, falls_below, rearm) -%}
    {%- if (value is none) == (score is none) -%}
        {%- do refuse_trigger('threshold_trigger() needs either value or score') -%}
    {%- elif (reaches is none) == (falls_below is none) -%}
        {%- do refuse_trigger('threshold_trigger() needs either reaches or falls_below') -%}
    {%- endif -%}
    {%- for level in [reaches, falls_below, rearm] if level is not none and level is not number -%}
        {%- do refuse_trigger("'" ~ level ~ "' is not a number") -%}
    {%- endfor -%}
    {%- if reaches is not none and rearm is not none and rearm >= reaches -%}
        {%- do refuse_trigger('rearm=' ~ rearm ~ ' must be less than reaches=' ~ reaches) -%}
    {%- elif falls_below is not none and rearm is not none and rearm < falls_below -%}
        {%- do refuse_trigger(
            'rearm=' ~ rearm ~ ' must not be less than falls_below=' ~ falls_below
        ) -%}
    {%- endif -%}
    {%- if score is not none -%}
        {%- do check_known('scores', score, 'threshold_trigger()') -%}
    {%- elif modules.re.match('^\\w+$', value) -%}
        {%- do check_known('features', value, 'threshold_trigger()') -%}
    {%- endif -%}
{%- endmacro %}
