{{ config(materialized='view', persist_docs={'relation': true, 'columns': true}) }}
with

stops as (
    select * from {{ ref('gate_stops') }}
)

select send_id, gate, reason, decided_at as checked_at
from stops
