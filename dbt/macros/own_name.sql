{#- The model's own name, in a run and in a unit test (where `model.name` is the test's). -#}
{% macro own_name() -%}
    {{ return((model.get('tested_node_unique_id') or model.unique_id).split('.')[-1]) }}
{%- endmacro %}


{#- The file being parsed, for messages. -#}
{% macro this_file() -%}
    {{ return(model.original_file_path) }}
{%- endmacro %}


{#- The name of the model behind a ref(), also where a unit test puts a CTE in its place. -#}
{% macro name_of(relation) -%}
    {{ return(relation.identifier | replace('__dbt__cte__', '')) }}
{%- endmacro %}
