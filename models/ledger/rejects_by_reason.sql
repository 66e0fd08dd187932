with

rejects as (
    select * from {{ ref('stg_rejects') }}
),

---------- the reason stands before the colon, the value after it; values are private and not
---------- counted
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
