with

files as (
    select * from {{ ref('stg_files') }}
),

parameters as (
    select name, value from {{ source('control', 'parameters') }}
),

clock as (
    select as_of from {{ source('control', 'clock') }}
),

---------- 'stale_after_hours/<kind>': the greatest age of a source's last file, also before its
---------- first file; takes precedence over the usual gap
limits as (
    select
        split_part(name, '/', 2) as kind,
        value * 3600 as allowed_seconds
    from parameters
    where name like 'stale_after_hours/%'
),

stale_after as (
    select coalesce(max(value), 3) as gaps
    from parameters
    where name = 'stale_after_gaps'
),

---------- the files of one tick are one arrival
arrivals as (
    select
        kind,
        landed_at,
        count(*) as files,
        sum(rows_landed) as rows_landed
    from files
    where error is null
    group by kind, landed_at
),

gaps as (
    select
        kind,
        landed_at,
        files,
        rows_landed,
        {{ seconds_between(
            'lag(landed_at) over (partition by kind order by landed_at)', 'landed_at'
        ) }} as gap_seconds
    from arrivals
),

by_kind as (
    select
        kind,
        -- a sum of bigint is a hugeint, which Parquet stores as a rounded double
        cast(sum(files) as bigint) as files,
        cast(sum(rows_landed) as bigint) as rows_landed,
        max(landed_at) as last_landed_at,
        -- one gap is a coincidence, two give a usual gap
        case when count(gap_seconds) > 1 then median(gap_seconds) end as usual_gap_seconds
    from gaps
    group by kind
),

aged as (
    select
        coalesce(by_kind.kind, limits.kind) as kind,
        coalesce(by_kind.files, 0) as files,
        coalesce(by_kind.rows_landed, 0) as rows_landed,
        by_kind.last_landed_at,
        {{ seconds_between('by_kind.last_landed_at', 'clock.as_of') }} as age_seconds,
        by_kind.usual_gap_seconds,
        coalesce(
            limits.allowed_seconds, by_kind.usual_gap_seconds * stale_after.gaps
        ) as allowed_seconds
    from by_kind
    full join limits on by_kind.kind = limits.kind
    cross join clock
    cross join stale_after
)

select
    *,
    case
        when last_landed_at is null then true
        else coalesce(age_seconds > allowed_seconds, false)
    end as is_stale
from aged
