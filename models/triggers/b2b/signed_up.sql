{{ event_trigger('signed_up') }}
