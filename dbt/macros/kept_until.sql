{#-
    Tables that stay as they are while nothing changes that they are made from: what a CRM told last
    week is worth sorting when an export lands, not at each tick. A model says what it is made from in
    its config, `meta: {kept_until: [crm, tracking]}`; what those were is remembered in its transaction
    (control.kept_tables). A changed rule of its own makes the table anew as well; to a tick so does one
    of any model before it: dagster_project/kept.py.
    A view stays in the same way while the project does.
-#}

{#- What each kind of input looks like, in a word that is another when it has changed: facts and
    decisions are only ever added, so how many are known at the clock says it. -#}
{% macro input_marks() -%}
    {%- set known = "received_at <= (select as_of from control.clock)" -%}
    {{ return({
        'crm': "(select concat_ws(' ', count(*), max(file_no), count(*) filter (where " ~ known ~ "),"
            ~ " case when count(*) > count(received_at) then (select as_of from control.clock) end)"
            ~ " from raw.files where table_name not in ('events', 'tracking'))",
        'tracking': "(select count(*) from raw.tracking where " ~ known ~ ")",
        'attempts': "(select concat_ws(' ', count(*),"
            ~ " count(*) filter (where finished_at <= (select as_of from control.clock)),"
            ~ " bit_xor(hash(send_id, attempt, status, updated_at)))"
            ~ " from raw.attempts where started_at <= (select as_of from control.clock))",
        'identities': "(select concat_ws(' ', count(*), max(decided_at)) from decisions.contact_keys)"
            ~ " || ' ' || (select count(*) from decisions.contact_merges)",
        'sends': "(select count(*) from decisions.step_decisions)",
        'consent words': "(select count(*) from contacts.consent_words)",
        'day': "(select " ~ utc_day('as_of') ~ " from control.clock)",
    }) }}
{%- endmacro %}


{#- The marks of what the model says it is made from, its own SQL among it; or none when it is made at
    each tick. -#}
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


{#- The marks of a view: the project that it was made in (a tick says which; none under dbt alone, which
    may have changed what is below the view) and its own SQL. -#}
{% macro marks_of_view() -%}
    {%- set project = env_var('SENDHOUSE_PROJECT_MARK', '') -%}
    {{ return('project ' ~ project ~ '; sql ' ~ local_md5(model.compiled_code)[:8] if project else none) }}
{%- endmacro %}


{#- Whether the model stands, as the type it should be, and was made from just this. -#}
{% macro is_kept(made_from, type='table') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- if made_from is none or existing is none or existing.type != type or should_full_refresh() -%}
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


{#- Whether a table that is kept so has been made anew since this model last read it, or this model's
    own rows are others than it left. Whoever asks remembers in its post-hook, by remember_made_from(),
    what it has read. -#}
{% macro was_made_anew(model) -%}
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
