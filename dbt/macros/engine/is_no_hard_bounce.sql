{#-
    Whether the text of a bounce says that the address may well be alive: a passing refusal (4yz,
    4.x.y: RFC 5321, RFC 3463), a full mailbox (5.2.2), the mail or its sender refused (5.3, 5.7, or
    in words). `text` is an SQL expression; null gives null.
-#}
{% macro is_no_hard_bounce(text) -%}
    {{ return(adapter.dispatch('is_no_hard_bounce')(text)) }}
{%- endmacro %}

{% macro default__is_no_hard_bounce(text) -%}
    regexp_matches(
        lower({{ text }}),
        '(^|[^0-9.])4([0-9]{2}|[.][0-9]{1,3}[.][0-9]{1,3})([^0-9.]|$)'
        || '|(^|[^0-9.])5[.](2[.]2|3[.][0-9]+|7[.][0-9]+)([^0-9.]|$)'
        || '|mailbox (is )?full|quota|spam|block|polic|reputation'
    )
{%- endmacro %}
