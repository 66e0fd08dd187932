-- depends_on: {{ ref('event_sightings') }}, {{ ref('stg_events') }}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    post_hook="{{ move_watermarks() }}",
) }}
{#- Reads raw tracking, because its staging model reads address_readings. Without a new export only
    events and tracking can have new cells. -#}

with

{%- if not is_incremental() or crm_has_news() %}

    of_crm as (
        select email_given as cell from {{ ref('record_versions') }}
        union
        select other_emails as cell from {{ ref('record_versions') }}
        union
        select email as cell from {{ ref('input_consents') }}
        union
        select written_key as cell from {{ ref('form_events') }}
    ),
{%- endif %}

of_events as (
    {%- if is_incremental() %}
    select distinct written_key as cell from {{ arrivals(ref('stg_events'), own_name()) }}
    {%- else %}
        select distinct written_key as cell from {{ ref('event_sightings') }}
    {%- endif %}
),

of_tracking as (
    select distinct email as cell
    from {{ arrivals(source('tracking', 'tracking'), own_name()) }}
),

cells as (
    {%- if not is_incremental() or crm_has_news() %}
        select cell from of_crm
        union
    {%- endif %}
    select cell from of_events
    union
    select cell from of_tracking
),

unclear as (
    select {{ address_cell('cell') }} as cell
    from cells
)

select unclear.cell
from unclear
{%- if is_incremental() %}
anti join {{ this }} as known on unclear.cell = known.cell
{%- endif %}
where unclear.cell is not null
