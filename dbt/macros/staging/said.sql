{#-
    What a foreign export says. Each macro takes the columns in which it may stand, one per shape of
    the export, and gives the first that says something: `said('property_firstname', 'First Name')`.

    `said` gives text, trimmed; empty is null. The others read the text as a value. A text that
    cannot be read is null in the model and a row of `staging.unreadable_values`, which finds it
    because `__sources.yml` says the same of the column (`reads_as`); a column of which it does not is
    an error here.
-#}

{% macro said() -%}
    {{ return(first_said(none, varargs)) }}
{%- endmacro %}

{#- timestamptz -#}
{% macro said_instant() -%}
    {{ return(first_said('instant', varargs)) }}
{%- endmacro %}

{#- decimal(18, 4) -#}
{% macro said_number() -%}
    {{ return(first_said('number', varargs)) }}
{%- endmacro %}

{#- integer -#}
{% macro said_integer() -%}
    {{ return(first_said('integer', varargs)) }}
{%- endmacro %}

{#- boolean -#}
{% macro said_boolean() -%}
    {{ return(first_said('boolean', varargs)) }}
{%- endmacro %}

{#- Whether any of the columns says yes; never null. For flags that count wherever they are raised. -#}
{% macro said_any() -%}
    {%- do check_reads_as('boolean', varargs) -%}
    {%- set flags = [] -%}
    {%- for column in varargs -%}
        {%- set flag = read_as('boolean', said_text(adapter.quote(column))) -%}
        {%- do flags.append("coalesce(" ~ flag ~ ", false)") -%}
    {%- endfor -%}
    {{ return("(" ~ flags | join(" or ") ~ ")") }}
{%- endmacro %}

{#- Whether somebody agreed to mail, in the words vendors have for it; boolean. -#}
{% macro said_consent() -%}
    {{ return(first_said('consent', varargs)) }}
{%- endmacro %}

{#- IANA name of a time zone -#}
{% macro said_zone() -%}
    {{ return(first_said('zone', varargs)) }}
{%- endmacro %}


{% macro first_said(kind, columns) -%}
    {%- if kind -%}
        {%- do check_reads_as(kind, columns) -%}
    {%- endif -%}
    {%- set values = [] -%}
    {%- for column in columns -%}
        {%- do values.append(read_as(kind, said_text(adapter.quote(column)))) -%}
    {%- endfor -%}
    {{ return(values[0] if values | length == 1 else "coalesce(" ~ values | join(", ") ~ ")") }}
{%- endmacro %}


{% macro said_text(expression) -%}
    {{ return("nullif(trim(" ~ expression ~ "), '')") }}
{%- endmacro %}


{#- A text (an SQL expression, trimmed, null when empty) read as a kind of value. -#}
{% macro read_as(kind, text) -%}
    {%- if kind is none -%}
        {{ return(text) }}
    {%- elif kind == 'instant' -%}
        {{ return(read_instant(text)) }}
    {%- elif kind == 'number' -%}
        {{ return(read_number(text)) }}
    {%- elif kind == 'integer' -%}
        {{ return(read_integer(text)) }}
    {%- elif kind == 'zone' -%}
        {{ return(read_zone(text)) }}
    {%- elif kind in words_of() -%}
        {%- set words = words_of()[kind] -%}
        {{ return(
            "case"
            ~ " when lower(" ~ text ~ ") in " ~ sql_list(words.yes) ~ " then true"
            ~ " when lower(" ~ text ~ ") in " ~ sql_list(words.no) ~ " then false"
            ~ " end"
        ) }}
    {%- else -%}
        {{ exceptions.raise_compiler_error(
            this_file() ~ ": '" ~ kind ~ "' is no kind of value; there are: instant, number, integer,"
            ~ " zone, " ~ (words_of().keys() | join(", "))
        ) }}
    {%- endif -%}
{%- endmacro %}


{#- The words for yes and no, and those that say neither though they can be read: in Mailchimp
    somebody who has not answered yet, whose address is dead, who was put away. -#}
{% macro words_of() -%}
    {%- set yes = ['true', 't', 'yes', 'y', '1', '1.0'] -%}
    {%- set no = ['false', 'f', 'no', 'n', '0', '0.0'] -%}
    {{ return({
        'boolean': {'yes': yes, 'no': no, 'neither': []},
        'consent': {
            'yes': yes + ['subscribed'],
            'no': no + [
                'unsubscribed', 'never_subscribed', 'never subscribed', 'nonsubscribed',
                'non-subscribed', 'transactional', 'no consent', 'no_consent',
            ],
            'neither': ['pending', 'cleaned', 'archived'],
        },
    }) }}
{%- endmacro %}


{#- Whether a text says something that cannot be read as a kind of value. -#}
{% macro is_unreadable(kind, text) -%}
    {{ text }} is not null
    and {{ read_as(kind, text) }} is null
    {%- if words_of().get(kind, {}).neither %}
    and lower({{ text }}) not in {{ sql_list(words_of()[kind].neither) }}
    {%- endif -%}
{%- endmacro %}


{#- Stops a model that reads a column as what its `__sources.yml` does not say it is. Sources are not
    known while dbt parses, and a unit test has none. -#}
{% macro check_reads_as(kind, columns) -%}
    {%- if execute and model.resource_type == 'model' -%}
        {%- set declared = [] -%}
        {%- for id in model.depends_on.nodes if id in graph.sources -%}
            {%- for column in graph.sources[id].columns.values()
                if column.config.meta.get('reads_as') == kind -%}
                {%- do declared.append(column.name) -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- for column in columns if column not in declared -%}
            {{ exceptions.raise_compiler_error(
                this_file() ~ ": said_" ~ kind ~ "('" ~ column ~ "'): say in __sources.yml that the"
                ~ " column is read so, `config: {meta: {reads_as: " ~ kind ~ "}}`; it is by that that"
                ~ " staging.unreadable_values finds what cannot be read"
            ) }}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
