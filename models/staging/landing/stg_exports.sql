with

files as (
    select * from {{ source('landing', 'files') }}
),

---------- filtered by received_at, as the rows are: history can be landed later. A table, so that a
---------- file of events changes nothing for the models of the CRM
known as (
    select
        file_id,
        kind,
        received_at,
        is_full and rows_rejected = 0 and error is null and received_at is not null as is_whole
    from files
    where
        (received_at is null or received_at <= {{ known_until() }})
        and coalesce(table_name not in ('events', 'tracking'), true)
)

select * from known
