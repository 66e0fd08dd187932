{#- Whether the rows of a model differ from those that this model last read. A tick knows
    (dagster_project/project/runner.py) and answers in place of this macro. Plain dbt does not know:
    then every row counts as changed. -#}
{% macro has_changed(relation) -%}
    {{ return(true) }}
{%- endmacro %}


{#- Before plain dbt builds: the next tick looks at every model again, because rows and views can
    differ from what the last tick recorded. -#}
{% macro forget_builds() -%}
    {%- if execute and adapter.get_relation(target.database, 'control', 'builds') is not none -%}
        update {{ source('control', 'builds') }} set code = '', version = md5(version)
    {%- endif -%}
{%- endmacro %}
