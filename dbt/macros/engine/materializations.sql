{#-
    dbt-duckdb builds a new table beside the old table, renames both and drops the old table. This
    takes seven statements, and each statement searches the catalogue and makes a Jinja context.
    DuckDB can replace a table within a transaction, so two statements are enough. Readers see the
    old table until the commit, and a killed build leaves the old table. This saves a quarter of a
    small tick's time.
-#}
{% materialization table, adapter='duckdb', supported_languages=['sql', 'python'] %}
    {%- set target = this.incorporate(type='table') -%}
    {%- set made_from = marks_of_inputs() -%}
    {%- if is_kept(made_from) -%}
        {%- call noop_statement('main', 'kept: no input has changed') -%}{%- endcall -%}
        {{ return({'relations': [target]}) }}
    {%- endif -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {{ make_room() }}
    {%- call statement('main', language=model['language']) -%}
        {{- create_table_as(False, target, compiled_code, model['language']) -}}
    {%- endcall -%}
    {%- do create_indexes(target) -%}
    {{ remember_marks(made_from) }}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do persist_docs(target, model) -%}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}


{% materialization view, adapter='duckdb' %}
    {%- set target = this.incorporate(type='view') -%}
    {%- set made_from = marks_of_view() -%}
    {%- if is_kept(made_from, 'view') -%}
        {%- call noop_statement('main', 'kept: the project has not changed') -%}{%- endcall -%}
        {{ return({'relations': [target]}) }}
    {%- endif -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {{ make_room() }}
    {%- call statement('main') -%}
        {{- get_create_view_as_sql(target, sql) -}}
    {%- endcall -%}
    {{ remember_marks(made_from or 'dbt without a tick: variables unknown') }}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do persist_docs(target, model) -%}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}


{#- Drops the existing table or view of a model, in the transaction that builds the new one. -#}
{% macro make_room() -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- if existing is not none -%}
        {%- call statement('make_room') -%}
            drop {{ existing.type }} if exists {{ existing }}
        {%- endcall -%}
    {%- endif -%}
{%- endmacro %}
