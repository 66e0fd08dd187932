{{ config(materialized='incremental', incremental_strategy='append') }}

with

sightings as (
    select written_key from {{ ref('event_sightings') }}
    union all
    select written_key from {{ ref('form_events') }}
),

new_keys as (
    select distinct sightings.written_key
    from sightings
    {%- if is_incremental() %}
    anti join {{ this }} as known on sightings.written_key = known.written_key
    {%- endif %}
),

readings as (
    select * from {{ ref('address_readings') }}
),

read as (
    select
        new_keys.written_key,
        {{ certain_address('new_keys.written_key') }} as address,
        {{ possible_addresses('new_keys.written_key') }} as addresses,
        coalesce(readings.is_certain, true) as is_certain
    from new_keys
    left join readings on new_keys.written_key = readings.cell
)

select
    written_key,
    coalesce(address, {{ trimmed('written_key') }}) as key,
    address is not null as is_address,
    addresses,
    is_certain and len(addresses) > 0 as is_certain
from read
