{{ union_inputs('form_submissions', {
    'source': 'varchar',
    'submission_id': 'varchar',
    'crm_id': 'varchar',
    'email': 'varchar',
    'form_id': 'varchar',
    'form_name': 'varchar',
    'page_url': 'varchar',
    'occurred_at': 'timestamptz',
    'file_id': 'varchar',
    'file_no': 'bigint',
    'line': 'bigint',
    'received_at': 'timestamptz',
}) }}
