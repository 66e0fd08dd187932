{{ config(
    schema='segments',
    alias='membership',
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['segment', 'contact_id'],
    persist_docs={'relation': true, 'columns': true},
    post_hook="{{ move_watermarks() }}",
) }}

with

changes as (
    select * from {{ ref('segment_changes') }}
),

{%- if is_incremental() %}

---------- another tick at the instant of the last tick may have decided more
moved as (
    select distinct segment, contact_id
    from changes
    where decided_at >= {{ watermark(own_name(), 'as_of') }}
),

wanted as (
    select changes.*
    from changes
    semi join moved
        on changes.segment = moved.segment and changes.contact_id = moved.contact_id
),
{%- else %}

    wanted as (
        select * from changes
    ),
{%- endif %}

stays as (
    select
        segment,
        contact_id,
        change,
        decided_at as entered_at,
        lead(decided_at) over (partition by segment, contact_id order by ordinal) as exited_at
    from wanted
)

select segment, contact_id, entered_at, exited_at
from stays
where change = 'entered'
