{#-
    Fires when, by the clock, `for_` has passed since the contact last did `name`, or anything at
    all (an open, a click or a reply of a person included); what happens at the very end of that
    time is still in time. Fires again when the contact did something and then nothing for as long.
    Who never did anything cannot stop. A late event that is older than the last one known changes
    nothing, a newer one begins another silence; what has fired stays.
-#}
{% macro inactivity_trigger(for_, name=none) -%}
with

clock as (
    select as_of from {{ source('control', 'clock') }}
),

features as (
    select contact_id, last_active_at from {{ ref('contact_features') }}
),

fired as (
    {{ earlier_firings() }}
),

{% if name -%}
last_seen as (
    select contact_id, max(last_at) as last_at
    from {{ ref('contact_windows') }}
    where name = {{ sql_text(name) }}
    group by contact_id
),
{%- else -%}
last_seen as (
    select contact_id, last_active_at as last_at from features
),
{%- endif %}

silent as (
    select
        last_seen.contact_id,
        last_seen.last_at,
        {{ plus('last_seen.last_at', for_) }} as fired_at
    from last_seen
    cross join clock
    where last_seen.last_at < {{ minus('clock.as_of', for_) }}
),

fires as (
    select silent.*
    from silent
    semi join features on silent.contact_id = features.contact_id
    where not exists (
        select 1 from fired
        where fired.contact_id = silent.contact_id and fired.fired_at >= silent.fired_at
    )
)

select
    contact_id,
    fired_at,
    {{ hash_id(['contact_id', 'last_at']) }} as occurrence,
    {{ json_object({'last_at': 'last_at'}) }} as evidence
from fires
{%- endmacro %}
