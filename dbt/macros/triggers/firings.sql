{#-
    Triggers. The model of a trigger says what it fires at the clock; decisions/trigger_firings
    keeps each firing once, for good, by its id: the hash of the trigger's name and `occurrence`.

      contact_id  who
      fired_at    when what fires it happened; null for a row that says that what an earlier firing
                  was about is over: `occurrence` is then the firing_id, and the row goes to
                  decisions/trigger_rearms
      occurrence  what tells one firing of the trigger from all others
      evidence    ids and values; JSON

    Triggers look at what is new since the last look of which the firings were decided: the watermark
    `triggers.<name>` (see arrivals.sql), moved by decisions/trigger_firings. A trigger that is new
    looks at all there is; who is then beyond a threshold, in a segment or silent fires. A trigger
    that is edited has seen what it has seen: it looks forward.
-#}

{#- What this trigger has taken in: the name of its watermark. -#}
{% macro trigger_watermark() -%}
    {{ return('triggers.' ~ own_name()) }}
{%- endmacro %}


{#- The post-hook of every trigger (dbt_project.yml): how far what its table says now has looked. -#}
{% macro note_look() -%}
    {{ move_watermarks([trigger_watermark() ~ '.looking']) }}
{%- endmacro %}


{#- The post-hook of decisions/trigger_firings: what the triggers' tables say is decided. As far as
    those have looked and not to the clock: whoever builds decisions alone loses nothing. (Whoever
    builds a trigger alone has it look at what its inputs were: build it with a + before its name.) -#}
{% macro take_in_looks() -%}
    {%- set watermarks = source('control', 'watermarks') -%}
    delete from {{ watermarks }}
    where concat(model, '.looking') in (select model from {{ watermarks }});
    insert into {{ watermarks }}
    select replace(model, '.looking', '') as model, as_of, file_no
    from {{ watermarks }}
    where model like 'triggers.%.looking'
{%- endmacro %}


{#- The clock when this trigger was last looked at; for a new one long ago, or `otherwise`. -#}
{% macro last_look(otherwise=none) -%}
    {{ watermark(trigger_watermark(), 'as_of', otherwise) }}
{%- endmacro %}


{#- What this trigger fired at earlier ticks, by who the contacts have turned out to be. -#}
{% macro earlier_firings() -%}
select
    firings.firing_id,
    firings.contact_id,
    firings.fired_at
from {{ of_current_contact(source('state', 'trigger_firings')) }} as firings
where firings.trigger = '{{ own_name() }}'
{%- endmacro %}


{#- Whether a firing of `fired` (contact_id, fired_at) lies less than a duration away. -#}
{% macro fired_near(contact, instant, duration) -%}
exists (
    select 1 from fired
    where fired.contact_id = {{ contact }}
        and fired.fired_at > {{ minus(instant, duration) }}
        and fired.fired_at < {{ plus(instant, duration) }}
)
{%- endmacro %}


{#- Stops the parse with the file and what is wrong in it. -#}
{% macro refuse_trigger(message) -%}
    {{ exceptions.raise_compiler_error(this_file() ~ ": " ~ message) }}
{%- endmacro %}
