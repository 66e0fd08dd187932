{#- The last statement about a key counts; a company's own id is a key of it, unless an export gives
    the key to another company. -#}
with

stated as (
    select
        company_key as key,
        {{ latest('company_id', by=['received_at', 'file_no', 'line']) }} as company_id
    from {{ ref('input_company_keys') }}
    group by company_key
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
