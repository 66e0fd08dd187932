{#- Decided and not done. A run that ended can still have an open send. -#}
with

decided as (
    select * from {{ ref('decided_sends') }}
),

settled as (
    select send_id from {{ ref('send_attempts') }} where is_settled
),

expired as (
    select send_id from {{ source('state', 'gate_stops') }} where gate = 'expired'
)

select decided.send_id, decided.enrollment_id, decided.contact_id
from decided
anti join settled on decided.send_id = settled.send_id
anti join expired on decided.send_id = expired.send_id
