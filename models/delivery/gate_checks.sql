{#- The gates that look at each send alone. The gates of gates/limits/ compare the other sends. -#}
{{ union_folder('gates', {
    'send_id': 'varchar',
    'reason': 'varchar',
}, name_as='gate', prefix='gate_') }}
