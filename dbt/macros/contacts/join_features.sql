{#- The columns of every feature model beside the contacts of a relation. Who has no row in one has
    its columns' defaults (`config.meta.default` in its YAML), else null. -#}
{% macro join_features(contacts) -%}
select
    contacts.contact_id
    {%- for model, columns in registry()['feature_models'].items() -%}
        {%- for column, default in columns.items() %},
    {% if default is none -%}
        {{ model }}.{{ column }}
    {%- else -%}
        coalesce({{ model }}.{{ column }}, {{ default }}) as {{ column }}
    {%- endif -%}
        {%- endfor -%}
    {%- endfor %}
from {{ contacts }} as contacts
{%- for model in registry()['feature_models'] %}
left join {{ ref(model) }} as {{ model }} on contacts.contact_id = {{ model }}.contact_id
{%- endfor %}
{%- endmacro %}


{#- What is counted now against the same a window earlier; null where there was nothing. -#}
{% macro trend(now, before) -%}
    round(cast({{ now }} as double) / nullif(cast({{ before }} as double), 0), 4)
{%- endmacro %}
