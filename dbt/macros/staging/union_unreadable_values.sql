{#-
    Values in the exports of enabled CRMs that models cannot read: values that `reads_as` does not
    fit, and records without any column of `identified_by`. One row per raw table, file, line and
    column. dbt knows the sources, and which of them are enabled, only at run time.
-#}
{% macro union_unreadable_values() %}
{%- set enabled = [] -%}
{%- set tables = [] -%}
{%- if execute and model.resource_type == 'model' -%}
    {%- for node in graph.nodes.values()
        if node.resource_type == 'model' and node.fqn[1] == 'staging' and node.fqn | length > 3 -%}
        {%- do enabled.append(node.fqn[2]) -%}
    {%- endfor -%}
    {%- for node in graph.sources.values()
        if node.fqn[1] == 'staging' and node.fqn[2] in enabled -%}
        {%- do tables.append(node) -%}
    {%- endfor -%}
{%- endif -%}
    {%- for table in tables | sort(attribute='unique_id') %}
    {%- for column in table.columns.values() if column.config.meta.get('reads_as') %}
    {%- set text = said_text(adapter.quote(column.name)) %}
    select
        '{{ table.identifier }}' as raw_table,
        '{{ column.name | replace("'", "''") }}' as column_name,
        '{{ column.config.meta.reads_as }}' as should_be,
        {{ text }} as value,
        {{ bookkeeping() }}
    from {{ table.relation_name }}
    where {{ is_unreadable(column.config.meta.reads_as, text) }}
    union all
    {%- endfor %}
    {%- if table.config.meta.get('identified_by') %}
    select
        '{{ table.identifier }}' as raw_table,
        '{{ table.config.meta.identified_by | join(", ") | replace("'", "''") }}' as column_name,
        'id' as should_be,
        cast(null as varchar) as value,
        {{ bookkeeping() }}
    from {{ table.relation_name }}
    where
        coalesce(
            {%- for name in table.config.meta.identified_by %}
            {{ said_text(adapter.quote(name)) }}{{ "," if not loop.last }}
            {%- endfor %}
        ) is null
    union all
    {%- endif %}
    {%- endfor %}
    select
        cast(null as varchar) as raw_table,
        cast(null as varchar) as column_name,
        cast(null as varchar) as should_be,
        cast(null as varchar) as value,
        cast(null as varchar) as file_id,
        cast(null as bigint) as file_no,
        cast(null as bigint) as line,
        cast(null as timestamptz) as received_at
    where false
{% endmacro %}
