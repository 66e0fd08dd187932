with

versions as (
    select * from {{ ref('record_versions') }}
),

idn_domains as (
    select * from {{ ref('idn_domains') }}
),

addressed as (
    select
        versions.*,
        {{ canonical_email('versions.email_given', 'idn_domains.ascii_domain') }} as address
    from versions
    left join idn_domains on {{ foreign_domain('versions.email_given') }} = idn_domains.domain
)

select
    * exclude (address),
    case when {{ looks_like_email('address') }} then address end as email
from addressed
