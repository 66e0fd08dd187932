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

idn_domains as (
    select * from {{ ref('idn_domains') }}
)

select
    new_keys.written_key,
    case
        when
            contains(new_keys.written_key, '@')
            and {{ looks_like_email(plain_email('new_keys.written_key')) }}
            then {{ canonical_email('new_keys.written_key', 'idn_domains.ascii_domain') }}
        else {{ trimmed('new_keys.written_key') }}
    end as key
from new_keys
left join idn_domains on {{ foreign_domain('new_keys.written_key') }} = idn_domains.domain
