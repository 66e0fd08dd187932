with

files as (
    select * from {{ ref('stg_files') }}
),

events as (
    select file_id, occurred_at, received_at from {{ ref('stg_events') }}
),

tracking as (
    select file_id, occurred_at, received_at from {{ ref('stg_tracking') }}
),

facts as (
    select file_id, occurred_at, received_at
    from events
    union all
    select file_id, occurred_at, received_at
    from tracking
),

---------- how long facts took to get here
lateness as (
    select
        file_id,
        median({{ seconds_between('occurred_at', 'received_at') }}) as median_seconds,
        max({{ seconds_between('occurred_at', 'received_at') }}) as max_seconds
    from facts
    group by file_id
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
