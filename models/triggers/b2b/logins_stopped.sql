{{ inactivity_trigger(for_='14 days', name='logged_in') }}
