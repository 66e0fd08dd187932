select
    event_id,
    written_key,
    name,
    occurred_at,
    received_at,
    properties,
    amount,
    anonymous_id,
    file_id,
    file_no
from {{ ref('stg_events') }}
union all
select
    event_id,
    written_key,
    name,
    occurred_at,
    received_at,
    properties,
    amount,
    anonymous_id,
    file_id,
    file_no
from {{ ref('form_events') }}
