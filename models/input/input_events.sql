select * from {{ ref('stg_events') }}
union all
select * from {{ ref('form_events') }}
