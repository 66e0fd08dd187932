{{ inactivity_trigger(for_='30 days') }}
