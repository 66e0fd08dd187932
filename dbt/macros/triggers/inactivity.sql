{#-
    Fires when `for_` has passed since the contact's last event `name`, or since its last activity.
      for_  the length of the silence, a duration such as '30 days'; an event at its very end is in
            time
      name  the event name; omitted: any event, and an open, click or reply by a person

    Fires again after new activity and another silence. A contact without any activity never fires.
    A late event older than the last known event has no effect; a newer one starts another silence.
    Firings stay.
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
