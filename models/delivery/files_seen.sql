-- After the queue, so that it never claims more than the queue was made from.
-- depends_on: {{ ref('send_queue') }}
with

files as (
    select file_id from {{ ref('stg_files') }}
)

select file_id from files
