{#-
    Whether a version of a record raises a flag that the previous version did not raise. A flag that
    is raised again after it was lowered counts again. A file without the flag leaves it unchanged.
    `flag` and `record` are columns, beside the columns of bookkeeping().
-#}
{% macro is_newly_raised(flag, record) -%}
    coalesce({{ flag }}, false)
    and not coalesce(
        last_value({{ flag }} ignore nulls) over (
            partition by {{ record }}
            order by received_at, file_no, line
            rows between unbounded preceding and 1 preceding
        ),
        false
    )
{%- endmacro %}
