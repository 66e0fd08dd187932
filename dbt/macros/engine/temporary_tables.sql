{#- dbt-duckdb builds the new rows of an incremental Python model in a real table of the schema
    main, and keeps this table. Each run would leave one. -#}
{% macro drop_temporary_tables() -%}
    {%- if execute -%}
        {%- set found = run_query(
            "select table_name from duckdb_tables() where database_name = current_database()"
            ~ " and schema_name = 'main' and starts_with(table_name, '" ~ this.identifier
            ~ "__dbt_tmp')"
        ) -%}
        {%- for name in found.columns[0].values() %}
            drop table if exists main.{{ adapter.quote(name) }};
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
