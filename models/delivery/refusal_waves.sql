{#-
    Waves of refusals: a provider refuses `wave_recipients` addresses within `wave_hours`, and
    accepts no more mail than that in between. Half of the mail refused is beyond the rate of any
    list, so the provider refuses the sender, whatever its servers say. A wave ends with the first
    mail that the provider accepts. Numbers: [parameters] in sendhouse.toml.
-#}
with

refusals as (
    select * from {{ ref('refusals') }} where mailed_at is not null and provider is not null
),

attempts as (
    select send_id, sent_at from {{ ref('send_attempts') }} where sent_at is not null
),

sends as (
    select send_id, contact_id from {{ ref('decided_sends') }}
),

contacts as (
    select contact_id, email from {{ ref('contacts') }}
),

limits as (
    select
        {{ parameter('wave_recipients', 10) }} as recipients,
        {{ parameter('wave_hours', 24) }} * 3600 as seconds,
        {{ parameter('wave_pause_hours', 12) }} / 24 as pause_days
),

---------- an address counts once within the hours
refused as (
    select
        provider,
        email_hash,
        mailed_at,
        lag(mailed_at) over (partition by provider, email_hash order by mailed_at) as before
    from refusals
),

numbered as (
    select
        refused.provider,
        refused.mailed_at,
        row_number() over (
            partition by refused.provider order by refused.mailed_at, refused.email_hash
        ) as place
    from refused
    cross join limits
    where
        refused.before is null
        or {{ seconds_between('refused.before', 'refused.mailed_at') }} > limits.seconds
),

bursts as (
    select
        first_ones.provider,
        first_ones.mailed_at as began_at,
        last_ones.mailed_at as ended_at
    from numbered as first_ones
    cross join limits
    inner join numbered as last_ones
        on first_ones.provider = last_ones.provider
            and first_ones.place + limits.recipients - 1 = last_ones.place
    where
        {{ seconds_between('first_ones.mailed_at', 'last_ones.mailed_at') }} <= limits.seconds
),

accepted as (
    select
        attempts.send_id,
        attempts.sent_at,
        {{ mail_provider("split_part(contacts.email, '@', -1)") }} as provider
    from attempts
    inner join sends on attempts.send_id = sends.send_id
    inner join contacts on sends.contact_id = contacts.contact_id
    anti join refusals on attempts.send_id = refusals.send_id
    where attempts.sent_at >= (select min(bursts.began_at) from bursts)
),

measured as (
    select bursts.provider, bursts.began_at, bursts.ended_at, count(accepted.send_id) as accepted
    from bursts
    left join accepted
        on bursts.provider = accepted.provider
            and accepted.sent_at between bursts.began_at and bursts.ended_at
    group by bursts.provider, bursts.began_at, bursts.ended_at
),

---------- bursts without an accepted mail between them are one wave
recovered as (
    select
        measured.provider,
        measured.began_at,
        min(accepted.sent_at) as recovered_at
    from measured
    cross join limits
    left join accepted
        on measured.provider = accepted.provider and measured.ended_at < accepted.sent_at
    where measured.accepted <= limits.recipients
    group by measured.provider, measured.began_at, measured.ended_at
),

waves as (
    select provider, min(began_at) as began_at, recovered_at
    from recovered
    group by provider, recovered_at
),

counted as (
    select
        waves.provider,
        waves.began_at,
        waves.recovered_at,
        max(refusals.mailed_at) as ended_at,
        count(distinct refusals.email_hash) as recipients
    from waves
    inner join refusals
        on waves.provider = refusals.provider
            and waves.began_at <= refusals.mailed_at
            and (waves.recovered_at is null or refusals.mailed_at < waves.recovered_at)
    group by waves.provider, waves.began_at, waves.recovered_at
)

select
    counted.provider,
    counted.began_at,
    counted.ended_at,
    counted.recovered_at,
    counted.recipients,
    {{ plus_days('counted.ended_at', 'limits.pause_days') }} as paused_until
from counted
cross join limits
