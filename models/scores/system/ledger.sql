{{ union_folder('scores', {
    'contact_id': 'varchar',
    'reason': 'varchar',
    'points': 'double',
    'since': 'timestamptz',
    'expires_at': 'timestamptz',
    'evidence': 'varchar',
}, name_as='score') }}
