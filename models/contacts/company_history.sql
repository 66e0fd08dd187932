{{ record_history(ref('input_companies'), 'company_id', [
    'name',
    'domain',
    'industry',
    'employees',
    'country',
    'annual_revenue',
    'plan',
    'plan_limit',
    'renewal_on',
    'owner_id',
    'created_at',
]) }}
