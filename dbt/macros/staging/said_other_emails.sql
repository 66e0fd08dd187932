{#-
    The second addresses of a record as one text, a semicolon between the cells; null without any.
    They come from the given columns of the source and from every further column whose name says so,
    such as `Secondary Email`, `Email 2`, `OtherEmail__c` or `custom_personal_email`. A name that
    can mean another person (`Owner Email`, `Assistant Email`) is not taken.
      relation  source() of the records
      columns   the columns that the vendor documents
-#}
{% macro said_other_emails(relation, columns=[]) -%}
    {%- set names = columns + columns_of_second_addresses(relation, columns) -%}
    {%- set cells = [] -%}
    {%- for name in names -%}
        {%- do cells.append(said_text(adapter.quote(name))) -%}
    {%- endfor -%}
    {{ return(
        "lower(nullif(concat_ws('; ', " ~ cells | join(", ") ~ "), ''))" if cells
        else "cast(null as varchar)"
    ) }}
{%- endmacro %}


{#- Names of the relation's columns that hold a second address, without `except`. In the parse and
    in unit tests there are none. -#}
{% macro columns_of_second_addresses(relation, except) -%}
    {%- set re = modules.re -%}
    {%- set found = [] -%}
    {%- set known = except | map('lower') | list -%}
    {%- set kinds = "second|secondary|2nd|third|other|additional|further|alternate|alternative|alt"
        ~ "|personal|private|home|work|business|backup|recovery|old|former|previous|alias"
        ~ "|zweite|weitere|andere|zusätzliche|private?|persönliche?|geschäftliche?|dienstliche?"
        ~ "|secondaire|autre|supplémentaire|alternati[fv]e?|privée?|personnel(?:le)?"
        ~ "|professionnel(?:le)?|secund[aá]ri[oa]|alternativ[oa]|adicional|otr[oa]|outr[oa]"
        ~ "|personal|pessoal|particular|profesional|profissional|del? trabajo|do trabalho"
        ~ "|secondari[oa]|altr[oa]|aggiuntiv[oa]|personale|privat[oa]|di lavoro"
        ~ "|tweede|extra|privé|zakelijke?" -%}
    {%- set mail = "(?:(?:adresse|indirizzo|endereço(?: de)?|dirección(?: de)?) )?"
        ~ "(?:e ?mails?(?: addresses| address| adressen| adresse)?|e mailadres|emailadres"
        ~ "|courriel|correo(?: electrónico)?)" -%}
    {%- set rule = "(?:(?:property|custom|merge|person|contact|lead|npe ?01) )*"
        ~ "(?:(?:" ~ kinds ~ ") " ~ mail ~ "(?: ?[0-9])?|" ~ mail ~ " (?:" ~ kinds ~ ")"
        ~ "|" ~ mail ~ " ?[2-9])(?: c)?" -%}
    {%- if execute -%}
        {%- for column in adapter.get_columns_in_relation(relation) -%}
            {%- set words = re.sub("([a-z0-9])([A-Z])", "\\1 \\2", column.name) -%}
            {%- set words = re.sub("[\\W_]+", " ", words).strip().lower() -%}
            {%- if re.fullmatch(rule, words) and column.name | lower not in known -%}
                {%- do found.append(column.name) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}
