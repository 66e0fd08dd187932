{#-
    The protocol of triggers. The model of a trigger lists its firings at the clock.
    decisions/trigger_firings keeps each firing once and permanently, by its id: the hash of the
    trigger's name and `occurrence`.

      contact_id  the contact
      fired_at    when the cause of the firing happened; null in a row that reports the end of an
                  earlier firing: `occurrence` is then the firing_id, and the row goes to
                  decisions/trigger_rearms
      occurrence  identifies the firing among all firings of the trigger
      evidence    ids and values; JSON

    A trigger reads the facts since its last look whose firings were decided: the watermark
    `triggers.<name>` (see arrivals.sql), moved by decisions/trigger_firings. A new trigger reads
    all facts, and fires for contacts that are then beyond a threshold, in a segment or silent. An
    edited trigger keeps its watermark and reads new facts only.
-#}

{#- The name of this trigger's watermark. -#}
{% macro trigger_watermark() -%}
    {{ return('triggers.' ~ own_name()) }}
{%- endmacro %}


{#- The post-hook of every trigger (dbt_project.yml): records how far its table has looked. -#}
{% macro note_look() -%}
    {{ move_watermarks([trigger_watermark() ~ '.looking']) }}
{%- endmacro %}


{#- The post-hook of decisions/trigger_firings: the firings in the triggers' tables are decided. The
    watermarks move as far as the triggers have looked, not to the clock: a build of decisions alone
    loses no firing. (A build of a trigger alone reads its inputs as they were last built: put a +
    before its name.) -#}
{% macro take_in_looks() -%}
    {%- set watermarks = source('control', 'watermarks') -%}
    delete from {{ watermarks }}
    where concat(model, '.looking') in (select model from {{ watermarks }});
    insert into {{ watermarks }}
    select replace(model, '.looking', '') as model, as_of, file_no
    from {{ watermarks }}
    where model like 'triggers.%.looking'
{%- endmacro %}


{#- The looks of all triggers. decisions/trigger_firings reads them, so it runs after each look,
    also after a look that found nothing: else the next look would begin long ago. -#}
{% macro looks_of_triggers() -%}
    {%- set names = [] -%}
    {%- for name in registry()['triggers'] -%}
        {%- do names.append('triggers.' ~ name ~ '.looking') -%}
    {%- endfor -%}
    select replace(replace(model, 'triggers.', ''), '.looking', '') as trigger
    from {{ source('control', 'watermarks') }}
    where model in {{ sql_list(names) }}
{%- endmacro %}


{#- The clock at this trigger's last look; for a new trigger the distant past or `otherwise`. -#}
{% macro last_look(otherwise=none) -%}
    {{ watermark(trigger_watermark(), 'as_of', otherwise) }}
{%- endmacro %}


{#- The firings of this trigger at earlier ticks, with merges of contacts followed. -#}
{% macro earlier_firings() -%}
select
    firings.firing_id,
    firings.contact_id,
    firings.fired_at
from {{ of_current_contact(source('state', 'trigger_firings')) }} as firings
where firings.trigger = '{{ own_name() }}'
{%- endmacro %}


{#- Whether a firing in `fired` (contact_id, fired_at) is closer to `instant` than the duration. -#}
{% macro fired_near(contact, instant, duration) -%}
exists (
    select 1 from fired
    where fired.contact_id = {{ contact }}
        and fired.fired_at > {{ minus(instant, duration) }}
        and fired.fired_at < {{ plus(instant, duration) }}
)
{%- endmacro %}


{#- Stops the parse with the file and the problem. -#}
{% macro refuse_trigger(message) -%}
    {{ exceptions.raise_compiler_error(this_file() ~ ": " ~ message) }}
{%- endmacro %}
