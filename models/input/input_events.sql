{{ union_models(['stg_events', 'form_events'], {
    'event_id': 'varchar',
    'written_key': 'varchar',
    'name': 'varchar',
    'occurred_at': 'timestamptz',
    'received_at': 'timestamptz',
    'properties': 'json',
    'amount': 'decimal(18, 4)',
    'currency': 'varchar',
    'anonymous_id': 'varchar',
    'file_id': 'varchar',
    'file_no': 'bigint',
    'position': 'bigint',
}) }}
