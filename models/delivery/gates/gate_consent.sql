with

candidates as (
    select send_id, contact_id from {{ ref('send_candidates') }}
),

consent as (
    select contact_id, consent from {{ ref('contact_consent') }}
)

select
    candidates.send_id,
    'consent is ' || coalesce(consent.consent, 'unknown') as reason
from candidates
left join consent on candidates.contact_id = consent.contact_id
where consent.consent is null or consent.consent <> 'opted_in'
