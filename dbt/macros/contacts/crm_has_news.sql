{#-
    Whether a CRM export can hold rows that this model has not taken in. It queries raw.files
    when the model runs; by name and not by source(), because every unit test would need rows of a
    source().
-#}
{% macro crm_has_news() -%}
    {%- if not is_incremental() -%}{{ return(true) }}{%- endif -%}
    {%- set found = run_query(
        "select count(*) > 0 from raw.files as files left join control.watermarks as taken_in"
        ~ " on taken_in.model = '" ~ own_name() ~ "'"
        ~ " where files.table_name not in ('events', 'tracking')"
        ~ " and (files.file_no > coalesce(taken_in.file_no, -1)"
        ~ " or coalesce(files.received_at > taken_in.as_of, true))"
        ~ " and coalesce(files.received_at <= (select as_of from control.known), true)"
    ) -%}
    {{ return(found.columns[0].values()[0]) }}
{%- endmacro %}
