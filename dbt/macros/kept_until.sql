{#-
    Tables that are kept until their inputs change: CRM records are sorted when an export lands, not
    at each tick. A model names the kinds of its inputs in its config, `meta: {kept_until: [crm,
    tracking]}`. Their state is recorded in the model's transaction (control.kept_tables). A change
    of the model's own SQL also rebuilds the table. In a tick, so does a change of any model before
    it: dagster_project/project/kept.py. A view is kept while the project is unchanged.
-#}

{#- The mark of each kind of input, an expression that changes with the input. Facts and decisions
    are append-only, so the number known at the clock is enough. -#}
{% macro input_marks() -%}
    {%- set known = "received_at <= (select as_of from control.clock)" -%}
    {{ return({
        'crm': "(select concat_ws(' ', count(*), max(file_no),"
            ~ " count(*) filter (where " ~ known ~ "),"
            ~ " case when count(*) > count(received_at) then (select as_of from control.clock) end)"
            ~ " from raw.files where table_name not in ('events', 'tracking'))",
        'tracking': "(select count(*) from raw.tracking where " ~ known ~ ")",
        'attempts': "(select concat_ws(' ', count(*),"
            ~ " count(*) filter (where finished_at <= (select as_of from control.clock)),"
            ~ " bit_xor(hash(send_id, attempt, status, updated_at)))"
            ~ " from raw.attempts where started_at <= (select as_of from control.clock))",
        'identities': "(select concat_ws(' ', count(*), max(decided_at))"
            ~ " from decisions.contact_keys)"
            ~ " || ' ' || (select count(*) from decisions.contact_merges)",
        'sends': "(select count(*) from decisions.step_decisions)",
        'consent words': "(select count(*) from contacts.consent_words)",
        'day': "(select " ~ utc_day('as_of') ~ " from control.clock)",
    }) }}
{%- endmacro %}


{#- The marks of the model's inputs and of its own SQL; none for a model that is rebuilt at each
    tick. -#}
{% macro marks_of_inputs() -%}
    {%- set kinds = (config.get('meta') or {}).get('kept_until') -%}
    {%- if not kinds -%}{{ return(none) }}{%- endif -%}
    {%- set marks = [] -%}
    {%- for kind in kinds -%}
        {%- if kind not in input_marks() -%}
            {{ exceptions.raise_compiler_error(
                this_file() ~ ": kept_until names '" ~ kind ~ "'; there are: "
                ~ (input_marks().keys() | join(', '))
            ) }}
        {%- endif -%}
        {%- do marks.append("'" ~ kind ~ " ' || " ~ input_marks()[kind]) -%}
    {%- endfor -%}
    {%- set found = run_query("select concat_ws('; ', " ~ marks | join(', ') ~ ") as made_from") -%}
    {{ return(found.columns[0].values()[0] ~ '; sql ' ~ local_md5(model.compiled_code)[:8]) }}
{%- endmacro %}


{#- The marks of a view: the project it was created in, and its own SQL. A tick passes the project's
    mark. dbt alone has none and may have changed a model below the view: it always recreates the
    view. -#}
{% macro marks_of_view() -%}
    {%- set project = env_var('SENDHOUSE_PROJECT_MARK', '') -%}
    {%- set mark = 'project ' ~ project ~ '; sql ' ~ local_md5(model.compiled_code)[:8] -%}
    {{ return(mark if project else none) }}
{%- endmacro %}


{#- Whether the model's relation exists, has the right type and was built from these marks. -#}
{% macro is_kept(made_from, type='table') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- if
        made_from is none or existing is none or existing.type != type or should_full_refresh()
    -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set found = run_query(
        "select count(*) from control.kept_tables where model = '" ~ own_name()
        ~ "' and made_from = '" ~ made_from ~ "'"
    ) -%}
    {{ return(found.columns[0].values()[0] > 0) }}
{%- endmacro %}


{% macro remember_marks(made_from) -%}
    {%- if made_from is not none -%}
        {%- call statement('remember_marks') -%}
            delete from control.kept_tables where model = '{{ own_name() }}';
            insert into control.kept_tables values ('{{ own_name() }}', '{{ made_from }}');
        {%- endcall -%}
    {%- endif -%}
{%- endmacro %}


{#- Whether the kept table `model` was rebuilt since this model last read it, or this model's own
    rows have changed since. The caller records its read in its post-hook, with
    remember_made_from(). -#}
{% macro was_rebuilt(model) -%}
    {%- if not is_incremental() -%}{{ return(true) }}{%- endif -%}
    {%- set found = run_query(
        "select count(*) = 0 from control.kept_tables as had"
        ~ " inner join control.kept_tables as made on had.made_from = " ~ made_from_and_rows('made')
        ~ " where had.model = '" ~ own_name() ~ "' and made.model = '" ~ model ~ "'"
    ) -%}
    {{ return(found.columns[0].values()[0]) }}
{%- endmacro %}


{% macro remember_made_from(model) -%}
    delete from control.kept_tables where model = '{{ own_name() }}';
    insert into control.kept_tables
    select '{{ own_name() }}' as model, {{ made_from_and_rows('made') }} as made_from
    from control.kept_tables as made
    where made.model = '{{ model }}';
{%- endmacro %}


{% macro made_from_and_rows(made) -%}
    concat({{ made }}.made_from, '; rows ', (select count(*) from {{ this }}))
{%- endmacro %}
