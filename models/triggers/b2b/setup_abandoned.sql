{{ absence_trigger(after='signed_up', missing='setup_completed', within='3 days') }}
