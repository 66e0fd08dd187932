{{ threshold_trigger('company_usage_30d / nullif(company_plan_limit, 0)', reaches=0.9, rearm=0.7) }}
