{#-
    The long form of a Salesforce id: 18 characters. Reports on the web pages give the first 15
    characters, which are case-sensitive. Each of the last three characters encodes which of five
    characters are capitals. `id` is a column. Source: Salesforce, "How to convert a 15 character ID
    to an 18 character ID".
-#}
{% macro salesforce_id(id) -%}
    case
        when length({{ id }}) = 15 then {{ id }}
            {%- for group in range(3) %}
            || substr('ABCDEFGHIJKLMNOPQRSTUVWXYZ012345', 1
                {%- for place in range(5) %}
                + case when substr({{ id }}, {{ group * 5 + place + 1 }}, 1) between 'A' and 'Z'
                    then {{ 2 ** place }} else 0 end
                {%- endfor %}, 1)
            {%- endfor %}
        else {{ id }}
    end
{%- endmacro %}
