{#- The keys, as written, whose contact can have changed since `model` was last built: keys with a
    later decision, and keys of a contact that was ever merged. -#}
{% macro keys_decided_since(model) -%}
    select keys.written_key
    from {{ ref('event_keys') }} as keys
    semi join (
        select identities.key
        from {{ ref('contact_identities') }} as identities
        where identities.decided_at > {{ watermark(model, 'as_of') }}
        union
        select identities.key
        from {{ ref('contact_identities') }} as identities
        semi join {{ ref('contact_merges') }} as merges
            on identities.decided_for = merges.contact_id
    ) as decided on keys.key = decided.key
{%- endmacro %}
