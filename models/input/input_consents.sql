{{ union_inputs('consents', {
    'source': 'varchar',
    'consent_id': 'varchar',
    'crm_id': 'varchar',
    'email': 'varchar',
    'said': 'varchar',
    'said_at': 'timestamptz',
    'detail': 'varchar',
    'file_id': 'varchar',
    'file_no': 'bigint',
    'line': 'bigint',
    'received_at': 'timestamptz',
}) }}
