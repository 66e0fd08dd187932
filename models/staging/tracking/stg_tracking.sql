with

tracking as (
    select * from {{ source('tracking', 'tracking') }}
),

idn_domains as (
    select * from {{ ref('idn_domains') }}
),

known as (
    select
        tracking.event_id,
        tracking.send_id,
        {{ canonical_email('tracking.email', 'idn_domains.ascii_domain') }} as email,
        ---------- a report that mail is not spam is no complaint, nor is one on authentication
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
        tracking.detail,
        tracking.file_id,
        tracking.file_no
    from tracking
    left join idn_domains on {{ foreign_domain('tracking.email') }} = idn_domains.domain
    where tracking.received_at <= {{ as_of() }}
)

select * from known
