{{ threshold_trigger('company_usage_trend_30d', falls_below=0.2, rearm=0.5) }}
