with

candidates as (
    select send_id, email, email_hash from {{ ref('send_candidates') }}
),

waves as (
    select provider, recipients, ended_at
    from {{ ref('refusal_waves') }}
    where paused_until > {{ as_of() }}
),

held as (
    select email_hash, provider
    from {{ ref('refused_addresses') }}
    where not is_confirmed and held_until > {{ as_of() }}
),

paused as (
    select
        candidates.send_id,
        waves.provider || ' refused ' || waves.recipients || ' addresses' as reason
    from candidates
    inner join waves
        on {{ mail_provider("split_part(candidates.email, '@', -1)") }} = waves.provider
),

doubtful as (
    select
        candidates.send_id,
        'refused by ' || held.provider || ' in a wave of refusals' as reason
    from candidates
    inner join held on candidates.email_hash = held.email_hash
),

stopped as (
    select * from paused
    union all
    select * from doubtful
)

select send_id, min(reason) as reason
from stopped
group by send_id
