{{ field_change_trigger(
    'lifecycle_stage',
    from_=['subscriber', 'lead', 'trial', 'marketingqualifiedlead', 'salesqualifiedlead'],
    to='opportunity',
) }}
