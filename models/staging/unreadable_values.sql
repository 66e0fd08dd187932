with

found as (
    {{ union_unreadable_values() }}
)

select * from found
where received_at <= {{ as_of() }}
