{{ config(
    schema='scores',
    alias='totals',
    persist_docs={'relation': true, 'columns': true},
) }}
with

clock as (
    select as_of from {{ source('control', 'clock') }}
),

counting as (
    select
        ledger.score,
        ledger.contact_id,
        ledger.part,
        {{ worth('clock.as_of') }} as points
    from {{ ref('score_ledger') }} as ledger
    cross join clock
    where ledger.counts_now
)

select
    score,
    contact_id,
    cast(sum(points) as decimal(18, 4)) as points,
    cast(
        coalesce(sum(points) filter (where part = 'demographic'), 0) as decimal(18, 4)
    ) as demographic,
    cast(
        coalesce(sum(points) filter (where part = 'behavioral'), 0) as decimal(18, 4)
    ) as behavioral
from counting
group by score, contact_id
