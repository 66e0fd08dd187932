{#-
    The id of a Mailchimp member: an address in an audience. An address has a separate state in each
    audience. Mailchimp's id of a member is the MD5 of the lowercase address, so a file without ids
    yields the same id. The arguments are columns; `email` may be `none`.
    Source: Mailchimp Marketing API, list members, `subscriber_hash`.
-#}
{% macro mailchimp_member(list_id, id, email=none) -%}
    coalesce({{ list_id }} || ':', '')
    || {% if email %}coalesce({{ id }}, md5({{ email }})){% else %}{{ id }}{% endif %}
{%- endmacro %}
