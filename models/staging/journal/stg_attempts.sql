with

attempts as (
    select * from {{ source('journal', 'attempts') }}
),

---------- the end of an attempt overwrites its row; before the end, the attempt was under way
begun as (
    select
        *,
        coalesce(finished_at <= {{ known_until() }}, true) as is_over
    from attempts
    where started_at <= {{ known_until() }}
),

known as (
    select
        send_id,
        attempt,
        sender,
        message_id,
        email_hash,
        started_at,
        case when is_over then status else 'attempting' end as status,
        case when is_over then provider_message_id end as provider_message_id,
        case when is_over then smtp_code end as smtp_code,
        case when is_over then fault end as fault,
        case when is_over then detail end as detail,
        case when is_over then finished_at end as finished_at,
        case when is_over then next_try_at end as next_try_at
    from begun
)

select * from known
