{{ union_inputs('company_keys', {
    'source': 'varchar',
    'company_key': 'varchar',
    'company_id': 'varchar',
    'file_id': 'varchar',
    'file_no': 'bigint',
    'line': 'bigint',
    'received_at': 'timestamptz',
}) }}
