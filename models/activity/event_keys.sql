with

sightings as (
    select written_key from {{ ref('event_sightings') }}
    union
    select written_key from {{ ref('form_events') }}
),

idn_domains as (
    select * from {{ ref('idn_domains') }}
)

select
    sightings.written_key,
    case
        when
            contains(sightings.written_key, '@')
            and {{ looks_like_email(plain_email('sightings.written_key')) }}
            then {{ canonical_email('sightings.written_key', 'idn_domains.ascii_domain') }}
        else {{ trimmed('sightings.written_key') }}
    end as contact_key
from sightings
left join idn_domains on {{ foreign_domain('sightings.written_key') }} = idn_domains.domain
