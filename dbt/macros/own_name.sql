{#- The name of the current model. In a unit test, `model.name` is the name of the test. -#}
{% macro own_name() -%}
    {{ return((model.get('tested_node_unique_id') or model.unique_id).split('.')[-1]) }}
{%- endmacro %}


{#- The path of the current file, for messages. -#}
{% macro this_file() -%}
    {{ return(model.original_file_path) }}
{%- endmacro %}


{#- The name of the model behind a ref(). A unit test replaces the model by a CTE with a prefix. -#}
{% macro name_of(relation) -%}
    {{ return(relation.identifier | replace('__dbt__cte__', '')) }}
{%- endmacro %}
