with

rejects as (
    select * from {{ source('landing', 'rejects') }}
),

files as (
    select * from {{ ref('stg_files') }}
),

known as (
    select
        rejects.file_id,
        files.kind,
        rejects.line,
        rejects.reason,
        files.landed_at
    from rejects
    inner join files on rejects.file_id = files.file_id
)

select * from known
