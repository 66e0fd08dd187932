{{ union_inputs('owners', {
    'source': 'varchar',
    'owner_id': 'varchar',
    'name': 'varchar',
    'email': 'varchar',
    'is_active': 'boolean',
    'updated_at': 'timestamptz',
    'file_id': 'varchar',
    'file_no': 'bigint',
    'line': 'bigint',
    'received_at': 'timestamptz',
}) }}
