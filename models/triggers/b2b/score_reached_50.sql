{{ threshold_trigger(score='lead_score', reaches=50, rearm=30) }}
