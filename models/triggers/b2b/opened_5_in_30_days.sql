{{ threshold_trigger('opens_30d', reaches=5, rearm=2) }}
