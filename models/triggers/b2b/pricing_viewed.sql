{{ event_trigger(
    'page_viewed',
    where=json_text('properties', 'page') ~ " like '/pricing%'",
    not_within='7 days',
) }}
