with

checks as (
    select send_id, gate, reason from {{ ref('gate_checks') }}
),

limits as (
    {{ union_folder('limits', {
        'send_id': 'varchar',
        'reason': 'varchar',
    }, name_as='gate', prefix='gate_') }}
)

select send_id, gate, reason from checks
union all
select send_id, gate, reason from limits
