{#- A decision about a step is skip or one of the actions in dbt/macros/sequences/actions. -#}
{% test is_decision(model, column_name) %}
select {{ column_name }}
from {{ model }}
where {{ column_name }} is null
    or {{ column_name }} not in {{ sql_list(['skip'] + registry()['actions']) }}
{% endtest %}
