{{ date_trigger('trial_ends_at', before='3 days') }}
