with

scores as (
    select contact_id, points from {{ ref('score_totals') }} where score = 'lead_score'
),

---------- scores are kept of people the CRM has let go of; features are not
features as (
    select contact_id from {{ ref('contact_features') }}
)

select scores.contact_id
from scores
inner join features on scores.contact_id = features.contact_id
where scores.points >= {{ parameter('mql_points') }}
