{#- Each score equals the sum of the points that its rows in the ledger are worth at the clock. -#}
{% test adds_up_to(model, ledger) %}
with

clock as (
    select as_of from {{ source('control', 'clock') }}
),

worths as (
    select
        ledger.score,
        ledger.contact_id,
        {{ worth('clock.as_of') }} as points
    from {{ ledger }} as ledger
    cross join clock
),

sums as (
    select score, contact_id, sum(points) as points
    from worths
    group by score, contact_id
)

select
    coalesce(totals.score, sums.score) as score,
    coalesce(totals.contact_id, sums.contact_id) as contact_id,
    totals.points as total,
    sums.points as ledger_sum
from {{ model }} as totals
full join sums on totals.score = sums.score and totals.contact_id = sums.contact_id
where coalesce(totals.points, 0) <> coalesce(sums.points, 0)
    or totals.points <> totals.demographic + totals.behavioral
{% endtest %}
