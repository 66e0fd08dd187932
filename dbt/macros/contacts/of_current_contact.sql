{#-
    A relation whose `contact_id` is the contact at the end of all merges. Decisions keep the
    contact that they were made for: `decided_for`. `merge_evidence` is null for a contact without a
    merge.
      relation  ref() or source(), with a contact_id
      aliases   merged contacts; identity.contact_aliases unless a CTE is given
-#}
{% macro of_current_contact(relation, aliases=none) -%}
    (
        select
            decided.* replace (
                coalesce(aliases.canonical_id, decided.contact_id) as contact_id
            ),
            decided.contact_id as decided_for,
            aliases.evidence as merge_evidence
        from {{ relation }} as decided
        left join {{ aliases or ref('contact_aliases') }} as aliases
            on decided.contact_id = aliases.contact_id
    )
{%- endmacro %}
