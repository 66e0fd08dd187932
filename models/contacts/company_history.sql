{{ record_history(ref('input_companies'), 'company_id', [
    'name',
    'domain',
    'industry',
    'employees',
    'country',
    'annual_revenue',
    'owner_id',
    'created_at',
]) }}
