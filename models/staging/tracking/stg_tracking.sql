with

tracking as (
    select * from {{ source('tracking', 'tracking') }}
),

known as (
    select
        event_id,
        send_id,
        lower(trim(email)) as email,
        type,
        occurred_at,
        received_at,
        provider,
        {{ json_text('detail', 'url') }} as url,
        {{ json_text('detail', 'user_agent') }} as user_agent,
        {{ json_text('detail', 'method') }} as http_method,
        {{ json_text('detail', 'bounce_type') }} as bounce_type,
        detail,
        file_id
    from tracking
    where received_at <= {{ as_of() }}
)

select * from known
