{{ event_trigger('purchase_completed', first_only=true) }}
