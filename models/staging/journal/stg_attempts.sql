with

attempts as (
    select * from {{ source('journal', 'attempts') }}
),

known as (
    select
        send_id,
        attempt,
        status,
        sender,
        message_id,
        provider_message_id,
        smtp_code,
        fault,
        detail,
        email_hash,
        started_at,
        finished_at,
        next_try_at
    from attempts
    where started_at <= {{ as_of() }}
)

select * from known
