{#-
    These macros read a value from a CRM export. The arguments are column names, one per shape of
    the export; the first column with a value wins: `said('property_firstname', 'First Name')`.

    `said` returns trimmed text; an empty text is null. The other macros read the text as a value.
    An unreadable text gives null in the model and a row in `staging.unreadable_values`. That model
    finds the text by the column's `reads_as` in `__sources.yml`, so a column without it is an error
    here.
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

{#- date -#}
{% macro said_date() -%}
    {{ return(first_said('date', varargs)) }}
{%- endmacro %}

{#- boolean -#}
{% macro said_boolean() -%}
    {{ return(first_said('boolean', varargs)) }}
{%- endmacro %}

{#- Whether any of the columns is true; never null. For flags that count in whichever column they
    are raised. -#}
{% macro said_any() -%}
    {%- do check_reads_as('boolean', varargs) -%}
    {%- set flags = [] -%}
    {%- for column in varargs -%}
        {%- set flag = read_as('boolean', said_text(adapter.quote(column))) -%}
        {%- do flags.append("coalesce(" ~ flag ~ ", false)") -%}
    {%- endfor -%}
    {{ return("(" ~ flags | join(" or ") ~ ")") }}
{%- endmacro %}

{#- Whether one of the columns says that a contact refuses mail: true for yes and for an unreadable
    text, false for no, null if all columns are empty. A refusal in unknown words is a refusal. -#}
{% macro said_refusal() -%}
    {%- do check_reads_as('boolean', varargs) -%}
    {%- set flags = [] -%}
    {%- for column in varargs -%}
        {%- set text = said_text(adapter.quote(column)) -%}
        {%- do flags.append(
            "case when " ~ text ~ " is not null then coalesce(" ~ read_as('boolean', text)
            ~ ", true) end"
        ) -%}
    {%- endfor -%}
    {{ return(flags[0] if flags | length == 1 else "greatest(" ~ flags | join(", ") ~ ")") }}
{%- endmacro %}

{#- Like said_refusal, for a list of texts: see texts_of_columns. -#}
{% macro any_refusal(texts) -%}
    {{ return(any_other_text(texts, word_lists().boolean.no)) }}
{%- endmacro %}

{#- Whether a contact agreed to marketing mail, in any vendor's words; boolean. An unreadable text
    is no agreement. -#}
{% macro said_consent() -%}
    {{ return(first_said('consent', varargs)) }}
{%- endmacro %}

{#- Whether a contact unsubscribed, in any vendor's words: an act, not the lack of a consent. Null
    if all columns are empty. -#}
{% macro said_unsubscribed() -%}
    {{ return(
        "lower(" ~ first_said(none, varargs) ~ ") in " ~ sql_list(word_lists().consent.unsubscribed)
    ) }}
{%- endmacro %}

{#- The text of a list of reasons; null if the list is empty or a word for none: `[]`, `None`. -#}
{% macro said_listed(column) -%}
    {%- set text = said(column) -%}
    case
        when not regexp_full_match(
            lower({{ text }}),
            '[\s\[\](){}"'',;.-]*(none|null|nil|nan|n/?a|no|false|0)?[\s\[\](){}"'',;.-]*'
        )
            then {{ text }}
    end
{%- endmacro %}

{#- A birthday as ISO 8601 text, with or without a year; see read_birthday. -#}
{% macro said_birthday() -%}
    {{ return(first_said('birthday', varargs)) }}
{%- endmacro %}

{#- The IANA name of a time zone. -#}
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


{#- Reads a text as a kind of value. `text` is an SQL expression, trimmed, null when empty. -#}
{% macro read_as(kind, text) -%}
    {%- if kind is none -%}
        {{ return(text) }}
    {%- elif kind == 'instant' -%}
        {{ return(read_instant(text)) }}
    {%- elif kind == 'date' -%}
        {{ return(read_date(text)) }}
    {%- elif kind == 'number' -%}
        {{ return(read_number(text)) }}
    {%- elif kind == 'integer' -%}
        {{ return(read_integer(text)) }}
    {%- elif kind == 'suppression' -%}
        {{ return(suppression_reason(text)) }}
    {%- elif kind == 'birthday' -%}
        {{ return(read_birthday(text)) }}
    {%- elif kind == 'zone' -%}
        {{ return(read_zone(text)) }}
    {%- elif kind in word_lists() -%}
        {%- set words = word_lists()[kind] -%}
        {{ return(
            "case"
            ~ " when lower(" ~ text ~ ") in " ~ sql_list(words.yes) ~ " then true"
            ~ " when lower(" ~ text ~ ") in " ~ sql_list(words.no) ~ " then false"
            ~ (" when lower(" ~ text ~ ") not in " ~ sql_list(words.neither) ~ " then false"
                if kind == 'consent' else "")
            ~ " end"
        ) }}
    {%- else -%}
        {{ exceptions.raise_compiler_error(
            this_file() ~ ": unknown kind of value '" ~ kind ~ "' (known: instant, date, number,"
            ~ " integer, birthday,"
            ~ " suppression, zone, " ~ (word_lists().keys() | join(", ")) ~ ")"
        ) }}
    {%- endif -%}
{%- endmacro %}


{#- The words for yes and for no, by kind of value. `neither` lists readable words that mean
    neither. They are Mailchimp's: pending (no answer yet), cleaned (dead address), archived.
    `unsubscribed` lists the words for no that mean an act. -#}
{% macro word_lists() -%}
    {%- set yes = [
        'true', 't', 'yes', 'y', '1', '1.0', 'ja', 'oui', 'sí', 'si', 'sì', 'sim', 'wahr', 'vrai',
        'verdadero', 'vero', 'verdadeiro', 'waar',
    ] -%}
    {%- set no = [
        'false', 'f', 'no', 'n', '0', '0.0', 'nein', 'non', 'não', 'nao', 'nee', 'falsch', 'faux',
        'falso', 'onwaar', 'off', 'unchecked',
    ] -%}
    {%- set subscribed = [
        'subscribed', 'abonniert', 'angemeldet', 'abonné', 'abonnée', 'inscrit', 'suscrito',
        'suscrita', 'iscritto', 'iscritta', 'inscrito', 'inscrita', 'assinante', 'ingeschreven',
        'aangemeld', 'geabonneerd',
    ] -%}
    {%- set unsubscribed = [
        'unsubscribed', 'opted out', 'opted-out', 'opted_out', 'opt-out', 'opt out', 'optout',
        'abgemeldet', 'abbestellt', 'désabonné', 'désabonnée', 'désinscrit', 'désinscrite',
        'desuscrito', 'dado de baja', 'suscripción cancelada', 'disiscritto', 'disiscritta',
        'iscrizione annullata', 'descadastrado', 'inscrição cancelada', 'assinatura cancelada',
        'uitgeschreven', 'afgemeld',
    ] -%}
    {{ return({
        'boolean': {'yes': yes, 'no': no, 'neither': []},
        'consent': {
            'yes': yes + subscribed,
            'no': no + unsubscribed + [
                'never_subscribed', 'never subscribed', 'nonsubscribed',
                'non-subscribed', 'transactional', 'no consent', 'no_consent',
            ],
            'neither': ['pending', 'cleaned', 'archived'],
            'unsubscribed': unsubscribed,
        },
    }) }}
{%- endmacro %}


{#- Whether a text is filled and cannot be read as a kind of value. -#}
{% macro is_unreadable(kind, text) -%}
    {{ text }} is not null
    {%- if kind in word_lists() %}
    {%- set words = word_lists()[kind] %}
    and lower({{ text }}) not in {{ sql_list(words.yes + words.no + words.neither) }}
    {%- else %}
    and {{ read_as(kind, text) }} is null
    {%- endif -%}
{%- endmacro %}


{#- Stops a model that reads a column as a kind of value that `__sources.yml` does not declare for
    it. Not checked in the parse, which does not know the sources, nor in unit tests, which have
    none. -#}
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
                this_file() ~ ": said_" ~ kind ~ "('" ~ column ~ "'): __sources.yml does not"
                ~ " declare the column as " ~ kind ~ "; add `config: {meta: {reads_as: " ~ kind
                ~ "}}` to it, so that staging.unreadable_values lists unreadable values"
            ) }}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
