with

files as (
    select * from {{ ref('stg_files') }}
),

lateness as (
    select * from {{ ref('file_lateness') }}
),

joined as (
    select
        files.file_id,
        files.kind,
        files.path,
        files.rows_landed,
        files.rows_duplicate,
        files.rows_rejected,
        files.bytes,
        files.notices,
        files.error,
        files.landed_at,
        lateness.median_seconds as lateness_median_seconds,
        lateness.max_seconds as lateness_max_seconds
    from files
    left join lateness on files.file_id = lateness.file_id
)

select * from joined
