{{ date_trigger('company_renewal_on', before='30 days', late='3 days') }}
