{#-
    Fires when a CRM says another value of `field` than it said before, at the time when this was
    learnt. What a record says first, or when it is deleted, is no change; nor is it when another
    record begins to speak for the contact. An export that turns out to have said so earlier still
    tells of the same change.
      field      a column of contacts.contact_history
      from_, to  a value or a list of values, as the CRM writes them (a time zone
                 by its IANA name); left out: any, and none
-#}
{% macro field_change_trigger(field, from_=none, to=none) -%}
{%- if field not in crm_fields() -%}
    {%- do refuse_trigger(
        "field_change_trigger() names field '" ~ field ~ "', which contacts.contact_history does"
        ~ " not have; there are: " ~ (crm_fields() | join(', '))
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

---------- of several things said at one instant the last stands
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

---------- what stayed from one change to the next
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


{#- What a CRM says of a contact, by the names of contacts.contact_history. -#}
{% macro crm_fields() -%}
    {{ return([
        'email', 'first_name', 'last_name', 'job_title', 'phone', 'country', 'timezone', 'language',
        'lifecycle_stage', 'owner_id', 'owner_name', 'owner_email', 'company_id', 'company_name',
        'marketing_consent', 'birthday',
    ]) }}
{%- endmacro %}
