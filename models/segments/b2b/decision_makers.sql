with

features as (
    select contact_id, job_title from {{ ref('contact_features') }}
)

select contact_id
from features
where
    regexp_matches(
        lower(job_title),
        '\b(chief|c[efiot]o|vp|vice president|head of|director|founder|owner)\b'
    )
