{{ score([
    reason('decision maker', points=20, segment='decision_makers'),
    reason('IT company of 50 to 200', points=15, segment='it_services_midsize'),
    reason(
        'booked a demo',
        points=parameter('demo_points'),
        event='demo_booked',
        half_life='30 days',
    ),
    reason('signed up', points=20, event='signed_up', expires='60 days'),
    reason('submitted a form', points=10, event='form_submitted', expires='60 days'),
    reason(
        'looked at pricing',
        points=parameter('pricing_points'),
        event='page_viewed',
        where=json_text('properties', 'page') ~ " like '/pricing%'",
        expires='60 days',
    ),
    reason(
        'clicked in a mail',
        points=parameter('click_points'),
        engagement='clicked',
        expires='60 days',
    ),
    reason('replied', points=15, engagement='replied', half_life='30 days'),
    reason('cancelled', points=-20, event='subscription_cancelled', expires='180 days'),
]) }}
