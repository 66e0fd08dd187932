with

files as (
    select * from {{ source('landing', 'files') }}
),

known as (
    select
        file_id,
        file_no,
        path,
        kind,
        table_name,
        is_full,
        received_at,
        rows_landed,
        rows_duplicate,
        rows_rejected,
        bytes,
        notices,
        error,
        landed_at
    from files
    where landed_at <= {{ known_until() }}
)

select * from known
