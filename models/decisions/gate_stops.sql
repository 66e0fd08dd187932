with

stops as (
    select * from {{ ref('send_stops') }}
),

decided as (
    select gate_stop_id from {{ source('state', 'gate_stops') }}
),

identified as (
    select
        {{ hash_id(['send_id', 'gate']) }} as gate_stop_id,
        send_id,
        gate,
        reason,
        {{ known_until() }} as decided_at
    from stops
)

select identified.*
from identified
anti join decided on identified.gate_stop_id = decided.gate_stop_id
