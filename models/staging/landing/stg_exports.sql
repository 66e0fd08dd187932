with

files as (
    select * from {{ source('landing', 'files') }}
),

---------- filtered by received_at, as the rows are: history can be landed later
known as (
    select
        file_id,
        kind,
        received_at,
        is_full and rows_rejected = 0 and error is null and received_at is not null as is_whole
    from files
    where received_at is null or received_at <= {{ known_until() }}
)

select * from known
