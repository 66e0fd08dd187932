{{ union_inputs('contact_merges', {
    'source': 'varchar',
    'crm_id': 'varchar',
    'merged_into': 'varchar',
    'merged_at': 'timestamptz',
    'file_id': 'varchar',
    'file_no': 'bigint',
    'line': 'bigint',
    'received_at': 'timestamptz',
}) }}
