{#- The columns of every feature model side by side, for the contacts of the model `base`. A contact
    without a row in a model has the defaults of its columns (`config.meta.default`), else null. -#}
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


{#- A count divided by the count of the window before; null if that is zero. -#}
{% macro trend(now, before) -%}
    round(cast({{ now }} as double) / nullif(cast({{ before }} as double), 0), 4)
{%- endmacro %}
