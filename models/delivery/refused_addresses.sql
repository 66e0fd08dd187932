{#-
    Addresses that a server does not know. Inside a wave of refusals the servers of a provider say
    so of living addresses too: such an address is held, and its next mail decides.
-#}
with

refusals as (
    select * from {{ ref('refusals') }} where fault = 'recipient'
),

waves as (
    select * from {{ ref('refusal_waves') }}
),

judged as (
    select
        refusals.email_hash,
        refusals.refusal_id,
        min(coalesce(refusals.mailed_at, refusals.refused_at)) as mailed_at,
        min(refusals.refused_at) as refused_at,
        min(waves.provider) as provider
    from refusals
    left join waves
        on refusals.provider = waves.provider
            and waves.began_at <= refusals.mailed_at
            and (waves.recovered_at is null or refusals.mailed_at < waves.recovered_at)
    group by refusals.email_hash, refusals.refusal_id
),

---------- refused outside of a wave, or again some days after the first refusal
confirmed as (
    select
        *,
        provider is null
        or mailed_at >= {{ plus_days(
            'min(mailed_at) over (partition by email_hash)', parameter('wave_hold_days', 7)
        ) }} as is_confirmed
    from judged
)

select
    email_hash,
    coalesce(bool_or(is_confirmed), false) as is_confirmed,
    coalesce(
        min(refused_at) filter (where is_confirmed), min(refused_at)
    ) as since,
    max(provider) as provider,
    {{ plus_days('max(mailed_at)', parameter('wave_hold_days', 7)) }} as held_until
from confirmed
group by email_hash
