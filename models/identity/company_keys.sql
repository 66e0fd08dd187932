{#- The last statement about a key counts; a company's own id is a key of it, unless an export gives
    the key to another company. -#}
with

ranked as (
    select
        company_key,
        company_id,
        row_number() over (
            partition by company_key order by received_at desc, file_no desc, line desc
        ) as recency
    from {{ ref('input_company_keys') }}
),

stated as (
    select company_key as key, company_id from ranked where recency = 1
),

ids as (
    select company_id from {{ ref('companies') }}
),

by_id as (
    select ids.company_id as key, ids.company_id
    from ids
    anti join stated on ids.company_id = stated.key
)

select key, company_id from stated where company_id is not null
union all
select key, company_id from by_id
