{#-
    Whether an export shows a flag up that was not up when the record was told before: the export in
    which it was raised, or raised again after having been lowered. A file that does not say leaves
    the flag as it was. `flag` and `record` are columns beside those of bookkeeping().
-#}
{% macro is_raised_anew(flag, record) -%}
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
