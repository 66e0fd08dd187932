{#-
    What the analyst's folders hold. `registry()` is generated from them (registry.sql), because dbt
    orders models by refs that it sees while parsing, when it does not yet know which models exist.
-#}

{#- Rows of every model in a folder: segments, scores, triggers, sequences or broadcasts.
    `columns` maps names to types; `name_as` adds a column with the model's name. -#}
{% macro union_folder(folder, columns, name_as=none) -%}
    {%- set names = registry()[folder] -%}
    {%- for name in names %}
        select
            {% if name_as %}'{{ name }}' as {{ name_as }},{% endif %}
            {{ columns.keys() | join(',\n            ') }}
        from {{ ref(name) }}
        {{ "union all" if not loop.last }}
    {%- else %}
        select
            {% if name_as %}cast(null as varchar) as {{ name_as }},{% endif %}
            {% for column, type in columns.items() -%}
                cast(null as {{ type }}) as {{ column }}{{ "," if not loop.last }}
            {% endfor %}
        where false
    {%- endfor %}
{%- endmacro %}


{#- Stops a model whose ref() is of another kind than is wanted here. While dbt parses, a ref does
    not know its own name yet, so this speaks at compile time; a name that does not exist at all is
    dbt's own error at parse time. -#}
{% macro check_kind(kind, relation, where) -%}
    {%- if execute -%}
        {%- do check_known(kind, name_of(relation), where) -%}
    {%- endif -%}
{%- endmacro %}


{#- Stops the parse when `name` is not in the registry: the file, the name, and what there is. -#}
{% macro check_known(kind, name, where='') -%}
    {%- if name not in registry()[kind] -%}
        {{ exceptions.raise_compiler_error(
            this_file() ~ ": " ~ (where ~ " names " if where else "names ")
            ~ kind[:-1] ~ " '" ~ name ~ "', which does not exist; there are: "
            ~ (registry()[kind] | join(', ') or 'none')
        ) }}
    {%- endif -%}
{%- endmacro %}


{#- A plain `dbt build` after adding a file must not pass it over in silence. -#}
{% macro check_registry() -%}
    {%- if execute -%}
        {%- for folder in ['segments', 'scores', 'triggers', 'sequences', 'broadcasts'] -%}
            {%- set found = [] -%}
            {%- for node in graph.nodes.values()
                if node.resource_type == 'model'
                and node.fqn[1] == folder
                and 'system' not in node.fqn -%}
                {%- do found.append(node.name) -%}
            {%- endfor -%}
            {%- set listed = registry()[folder] -%}
            {%- if found | sort != listed | sort -%}
                {{ exceptions.raise_compiler_error(
                    "models/" ~ folder ~ " holds " ~ (found | sort | join(', ') or 'nothing')
                    ~ " but dbt/macros/registry.sql lists "
                    ~ (listed | sort | join(', ') or 'nothing')
                    ~ "; run `sendhouse check` to write it anew"
                ) }}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
