{#-
    The models of each folder. `registry()` is generated from the folders (registry.sql), because
    dbt orders models by the refs that it sees while it parses; then dbt does not know all models
    yet.
-#}

{#- Rows of every model of a kind: segments, scores, triggers, sequences, broadcasts, gates, limits.
    `columns` maps names to types; `name_as` adds a column with the model's name, without `prefix`.
    -#}
{% macro union_folder(kind, columns, name_as=none, prefix='') -%}
    {{ union_models(registry()[kind], columns, name_as, prefix) }}
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


{#- The rows of several models; no rows without a model. -#}
{% macro union_models(names, columns, name_as=none, prefix='') -%}
    {%- for name in names %}
        select
            {% if name_as %}'{{ name.removeprefix(prefix) }}' as {{ name_as }},{% endif %}
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


{#- Stops a model whose ref() is not of the kind that is wanted here. The error comes at compile
    time, because a ref has no name while dbt parses. An unknown name is dbt's own error at parse
    time. -#}
{% macro check_kind(kind, relation, where) -%}
    {%- if execute -%}
        {%- do check_known(kind, name_of(relation), where) -%}
    {%- endif -%}
{%- endmacro %}


{#- Stops the parse when `name` is not in the registry; the message lists the names that exist. dbt
    reads disabled models too, such as those of an example that is off: they may name each other. -#}
{% macro check_known(kind, name, where='') -%}
    {%- if model.config.enabled and name not in registry()[kind] -%}
        {{ exceptions.raise_compiler_error(
            this_file() ~ ": " ~ (where ~ " names " if where else "names ")
            ~ kind[:-1] ~ " '" ~ name ~ "', which does not exist; there are: "
            ~ (registry()[kind] | join(', ') or 'none')
        ) }}
    {%- endif -%}
{%- endmacro %}


{#- Stops a build of plain dbt that would switch an example on or off. Sendhouse itself builds with
    the example that the installation runs. A warehouse without a tick runs none yet. -#}
{% macro check_example() -%}
    {%- if execute and adapter.get_relation(target.database, 'control', 'example') is not none -%}
        {%- set wanted = env_var('SENDHOUSE_EXAMPLE', '') -%}
        {%- for live in run_query("select name from control.example").columns[0].values()
            if live != wanted -%}
            {{ exceptions.raise_compiler_error(
                "this installation runs "
                ~ ("the example '" ~ live ~ "': first `export SENDHOUSE_EXAMPLE=" ~ live ~ "`"
                    if live else "no example: first `unset SENDHOUSE_EXAMPLE`")
            ) }}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}


{#- Stops a build whose registry does not fit the folders: dbt without the plugin dbt_sendhouse. -#}
{% macro check_registry() -%}
    {%- if execute -%}
        {%- for kind, folder in registry()['folders'].items() -%}
            {%- set found = [] -%}
            {%- for node in graph.nodes.values()
                if node.resource_type == 'model'
                and (is_input(node) if kind == 'inputs' else folder_kind(node) == kind) -%}
                {%- do found.append(node.name) -%}
            {%- endfor -%}
            {%- set listed = registry()[kind] -%}
            {%- if found | sort != listed | sort -%}
                {{ exceptions.raise_compiler_error(
                    folder
                    ~ " holds " ~ (found | sort | join(', ') or 'nothing')
                    ~ " but dbt/macros/registry.sql lists "
                    ~ (listed | sort | join(', ') or 'nothing')
                    ~ "; use the dbt of Sendhouse's environment, whose plugin dbt_sendhouse writes"
                    ~ " this file before each command"
                ) }}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}


{#- The kind of a model by its folder, or none; of nested folders the inner one counts. -#}
{% macro folder_kind(node) -%}
    {%- set found = [] -%}
    {%- for kind, folder in registry()['folders'].items()
        if ('models/' ~ (node.fqn[1:] | join('/'))).startswith(folder ~ '/') -%}
        {%- do found.append((folder | length, kind)) -%}
    {%- endfor -%}
    {{ return((found | sort)[-1][1] if found else none) }}
{%- endmacro %}


{#- Whether a model gives rows of an object of the input layer. -#}
{% macro is_input(node) -%}
    {{ return(
        node.fqn[1] == 'staging'
        and node.name.startswith('stg_' ~ node.fqn[2] ~ '__')
        and ('model.' ~ node.package_name ~ '.input_' ~ node.name.split('__', 1)[1]) in graph.nodes
    ) }}
{%- endmacro %}
