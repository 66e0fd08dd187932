with

activities as (
    select *
    from {{ source('marketo', 'activity_merge_leads') }}
    where _received_at <= {{ known_until() }}
),

---------- `merge_ids` is a list: [1286861, 60935]
merged as (
    select
        trim({{ each_part("translate(" ~ said('merge_ids') ~ ", '[]', '')", ',') }}) as merged_id,
        {{ said('lead_id') }} as surviving_id,
        {{ said_instant('activity_date') }} as merged_at,
        {{ bookkeeping() }}
    from activities
),

contact_merges as (
    select
        'marketo' as source,
        'marketo:' || merged_id as crm_id,
        'marketo:' || surviving_id as merged_into,
        merged_at,
        file_id,
        file_no,
        line,
        received_at
    from merged
    where merged_id <> '' and surviving_id is not null
)

select * from contact_merges
