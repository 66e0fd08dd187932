{#-
    Fires when an export reports a new value of `field`, at the time the export was received.
      field  a column of contacts.contact_history
      from_  the value before, or a list of values, as the CRM writes them (a time zone by its IANA
             name); omitted: any value or none
      to     the value after, likewise

    The first value of a record, a deletion, and a switch of the contact to another primary record
    are not changes. A late export that dates the change earlier reports the same change.
-#}
{% macro field_change_trigger(field, from_=none, to=none) -%}
{%- if field not in crm_fields() -%}
    {%- do refuse_trigger(
        "field_change_trigger() names field '" ~ field ~ "', which does not exist in"
        ~ " contacts.contact_history; there are: " ~ (crm_fields() | join(', '))
    ) -%}
{%- endif -%}
with

history as (
    select
        contact_id,
        crm_id,
        cast({{ field }} as varchar) as value,
        valid_from,
        valid_to,
        is_ended,
        file_no
    from {{ ref('contact_history') }}
),

contacts as (
    select contact_id, crm_id from {{ ref('contacts') }}
),

arrived as (
    select crm_id, valid_from
    from history
    where valid_from > {{ last_look() }}
        or file_no > {{ watermark(trigger_watermark(), 'file_no') }}
),

---------- the last value of an instant counts
stood as (
    select history.*
    from history
    semi join arrived on history.crm_id = arrived.crm_id
    where history.valid_to is null or history.valid_to > history.valid_from
),

compared as (
    select
        *,
        lag(value) over (partition by crm_id order by valid_from) as value_before,
        lag(valid_from) over (partition by crm_id order by valid_from) is null as is_first
    from stood
),

---------- from one change of the value to the next
stretches as (
    select
        *,
        lead(valid_from) over (partition by crm_id order by valid_from) as until
    from compared
    where is_first or value is distinct from value_before
),

fired as (
    {{ earlier_firings() }}
),

changes as (
    select stretches.*
    from stretches
    semi join contacts
        on stretches.contact_id = contacts.contact_id and stretches.crm_id = contacts.crm_id
    semi join arrived
        on stretches.crm_id = arrived.crm_id and stretches.valid_from = arrived.valid_from
    where not stretches.is_first
        and not stretches.is_ended
        {%- if from_ is not none %}
        and stretches.value_before in {{ sql_list([from_] if from_ is string else from_) }}
        {%- endif %}
        {%- if to is not none %}
        and stretches.value in {{ sql_list([to] if to is string else to) }}
        {%- endif %}
        and not exists (
            select 1 from fired
            where fired.contact_id = stretches.contact_id
                and fired.fired_at > stretches.valid_from
                and (stretches.until is null or fired.fired_at < stretches.until)
        )
)

select
    contact_id,
    valid_from as fired_at,
    {{ hash_id(['crm_id', "'" ~ field ~ "'", 'valid_from']) }} as occurrence,
    {{ json_object({
        'crm_id': 'crm_id', 'field': "'" ~ field ~ "'", 'from': 'value_before', 'to': 'value',
    }) }} as evidence
from changes
{%- endmacro %}


{#- The CRM fields of a contact, by their names in contacts.contact_history. -#}
{% macro crm_fields() -%}
    {{ return([
        'email', 'first_name', 'last_name', 'job_title', 'phone', 'country', 'timezone', 'language',
        'lifecycle_stage', 'owner_id', 'owner_name', 'owner_email', 'company_id', 'company_name',
        'marketing_consent', 'birthday',
    ]) }}
{%- endmacro %}
