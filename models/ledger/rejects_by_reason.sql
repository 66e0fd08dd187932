with

rejects as (
    select * from {{ ref('stg_rejects') }}
),

---------- a reason is said before the colon; after it comes the value, which is nobody's to count
named as (
    select
        file_id,
        kind,
        line,
        split_part(reason, ': ', 1) as reason,
        landed_at
    from rejects
),

counted as (
    select
        kind,
        reason,
        count(line) as rows_rejected,
        count(*) filter (where line is null) as files_rejected,
        count(distinct file_id) as files,
        min(landed_at) as first_at,
        max(landed_at) as last_at
    from named
    group by kind, reason
)

select * from counted
