{#- Whether the rows of a model differ from those that this model last read. A tick knows
    (dagster_project/project/runner.py) and answers in place of this macro. Plain dbt does not know:
    then every row counts as changed. -#}
{% macro has_changed(relation) -%}
    {{ return(true) }}
{%- endmacro %}


{#- Before plain dbt builds: the next tick looks at every model again, because rows and views can
    differ from what the last tick recorded. It makes the incremental models of this run from
    nothing: dbt may write their rows by a rule that is taken back before that tick. -#}
{% macro forget_builds() -%}
    {%- if execute and adapter.get_relation(target.database, 'control', 'builds') is not none -%}
        {%- set written = [] -%}
        {%- for node in graph.nodes.values()
            if node.unique_id in selected_resources and node.config.materialized == 'incremental' -%}
            {%- do written.append(node.schema ~ '.' ~ node.alias) -%}
        {%- endfor -%}
        {%- call statement() -%}
            update {{ source('control', 'builds') }}
            set
                code = '',
                version = md5(version),
                definition = case
                    when relation in {{ sql_list(written) }} then 'forgotten' else definition
                end
        {%- endcall -%}
        {#- dbt rolls back what a hook before the run leaves open. -#}
        {%- call statement(auto_begin=false) -%}commit{%- endcall -%}
    {%- endif -%}
{%- endmacro %}
