{#- The model has no rows. -#}
{% test no_rows(model) %}
    select * from {{ model }}
{% endtest %}
