with

scores as (
    select contact_id, points from {{ ref('score_totals') }} where score = 'lead_score'
),

---------- ended contacts keep a score but have no features: the join leaves them out
features as (
    select contact_id from {{ ref('contact_features') }}
)

select scores.contact_id
from scores
inner join features on scores.contact_id = features.contact_id
where scores.points >= {{ parameter('mql_points') }}
