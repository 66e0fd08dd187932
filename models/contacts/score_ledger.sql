{{ config(schema='scores', alias='ledger', materialized='view') }}

{{ union_folder('scores', {
    'contact_id': 'varchar',
    'reason': 'varchar',
    'part': 'varchar',
    'points': 'decimal(18, 4)',
    'since': 'timestamptz',
    'half_life_days': 'double',
    'ends_at': 'timestamptz',
    'evidence': 'varchar',
    'counts_now': 'boolean',
}, name_as='score') }}
