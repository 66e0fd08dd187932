-- After the queue: a file counts as seen only if the queue was built from it.
-- depends_on: {{ ref('send_queue') }}
with

files as (
    select file_id from {{ source('landing', 'files') }}
)

select file_id from files
