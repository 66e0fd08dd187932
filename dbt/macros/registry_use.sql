{#-
    What the analyst's folders hold. `registry()` is generated from them (registry.sql), because dbt
    orders models by refs that it sees while parsing, when it does not yet know which models exist.
-#}

{#- Rows of every model in a folder: segments, scores, triggers, sequences or broadcasts.
    `columns` maps names to types; `name_as` adds a column with the model's name. -#}
{% macro union_folder(folder, columns, name_as=none) -%}
    {{ union_models(registry()[folder], columns, name_as) }}
{%- endmacro %}


{#- Rows of one object of the input layer, of every source that is switched on: of each model
    `stg_<source>__<object>` in models/staging. `columns` maps names to types. -#}
{% macro union_inputs(object, columns) -%}
    {%- set names = [] -%}
    {%- for name in registry()['inputs'] if name.endswith('__' ~ object) -%}
        {%- do names.append(name) -%}
    {%- endfor -%}
    {{ union_models(names, columns) }}
{%- endmacro %}


{#- The columns of several models, one below the other; no rows when there is no model. -#}
{% macro union_models(names, columns, name_as=none) -%}
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
        {%- for folder in ['segments', 'scores', 'triggers', 'sequences', 'broadcasts', 'inputs'] -%}
            {%- set found = [] -%}
            {%- for node in graph.nodes.values()
                if node.resource_type == 'model'
                and (
                    is_input(node) if folder == 'inputs'
                    else node.fqn[1] == folder
                ) -%}
                {%- do found.append(node.name) -%}
            {%- endfor -%}
            {%- set listed = registry()[folder] -%}
            {%- if found | sort != listed | sort -%}
                {{ exceptions.raise_compiler_error(
                    "models/" ~ ("staging" if folder == 'inputs' else folder)
                    ~ " holds " ~ (found | sort | join(', ') or 'nothing')
                    ~ " but dbt/macros/registry.sql lists "
                    ~ (listed | sort | join(', ') or 'nothing')
                    ~ "; run `sendhouse check` to write it anew"
                ) }}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}


{#- Whether a model gives rows of an object of the input layer. -#}
{% macro is_input(node) -%}
    {{ return(
        node.fqn[1] == 'staging'
        and node.name.startswith('stg_' ~ node.fqn[2] ~ '__')
        and ('model.' ~ node.package_name ~ '.input_' ~ node.name.split('__', 1)[1]) in graph.nodes
    ) }}
{%- endmacro %}
