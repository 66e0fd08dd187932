{{ broadcast(
    audience = ref('activated'),
    at       = '2026-03-17 09:00:00+00',
    template = 'broadcasts/spring_release') }}
