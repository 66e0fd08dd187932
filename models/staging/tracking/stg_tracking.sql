with

tracking as (
    select * from {{ source('tracking', 'tracking') }}
),

readings as (
    select * from {{ ref('address_readings') }}
),

known as (
    select
        tracking.event_id,
        tracking.send_id,
        {{ certain_address('tracking.email') }} as email,
        {{ possible_addresses('tracking.email') }} as addresses,
        coalesce(readings.is_certain, true) as is_certain,
        -- A report that mail is not spam is no complaint, nor is one on authentication.
        case
            when tracking.type = 'complained'
                and lower({{ json_text('tracking.detail', 'feedback_type') }})
                in ('not-spam', 'auth-failure')
                then 'unknown'
            else tracking.type
        end as type,
        tracking.occurred_at,
        tracking.received_at,
        tracking.provider,
        {{ json_text('tracking.detail', 'url') }} as url,
        {{ json_text('tracking.detail', 'user_agent') }} as user_agent,
        {{ json_text('tracking.detail', 'method') }} as http_method,
        {{ bounce_kind(
            "coalesce("
            ~ json_text('tracking.detail', 'bounce_type') ~ ", "
            ~ json_text('tracking.detail', 'bounceType') ~ ", "
            ~ json_text('tracking.detail', 'severity') ~ ")"
        ) }} as bounce_type,
        nullif(concat_ws(
            ' ',
            {{ json_text('tracking.detail', 'smtp_code') }},
            {{ json_text('tracking.detail', 'status') }},
            {{ json_text('tracking.detail', 'reason') }},
            {{ json_text('tracking.detail', 'diagnostic_code') }},
            {{ json_text('tracking.detail', 'response') }},
            {{ json_text('tracking.detail', 'description') }}
        ), '') as diagnosis,
        tracking.detail,
        tracking.file_id,
        tracking.file_no
    from tracking
    left join readings on tracking.email = readings.cell
    where tracking.received_at <= {{ known_until() }}
)

select * from known
