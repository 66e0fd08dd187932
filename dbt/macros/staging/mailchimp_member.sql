{#-
    A member of an audience: in each audience an address has a state of its own. Mailchimp's id of a
    member is the MD5 of the lowercase address, so files without ids name the same member. Arguments
    are columns; the address may be `none`.
    Source: Mailchimp Marketing API, list members, `subscriber_hash`.
-#}
{% macro mailchimp_member(list_id, id, email=none) -%}
    coalesce({{ list_id }} || ':', '')
    || {% if email %}coalesce({{ id }}, md5({{ email }})){% else %}{{ id }}{% endif %}
{%- endmacro %}
