{#- The columns of every feature model side by side, for the contacts of the one called `base`. Who has
    no row in another has its columns' defaults (`config.meta.default` in its YAML), else null. -#}
{% macro join_features(base) -%}
select
    {{ base }}.contact_id
    {%- for model, columns in registry()['feature_models'].items() -%}
        {%- for column, default in columns.items() %},
    {% if default is none -%}
        {{ model }}.{{ column }}
    {%- else -%}
        coalesce({{ model }}.{{ column }}, {{ sql_text(default) if default is string else default }}) as {{ column }}
    {%- endif -%}
        {%- endfor -%}
    {%- endfor %}
from {{ ref(base) }} as {{ base }}
{%- for model in registry()['feature_models'] if model != base %}
left join {{ ref(model) }} as {{ model }} on {{ base }}.contact_id = {{ model }}.contact_id
{%- endfor %}
{%- endmacro %}


{#- What is counted now against the same a window earlier; null where there was nothing. -#}
{% macro trend(now, before) -%}
    round(cast({{ now }} as double) / nullif(cast({{ before }} as double), 0), 4)
{%- endmacro %}
