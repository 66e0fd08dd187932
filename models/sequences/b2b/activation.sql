{{ sequence(
    trigger  = ref('signed_up'),
    audience = ref('trial_accounts'),
    reentry  = 'once',
    exits    = [in_segment('activated'), replied()],
    goal     = event('activated', within='30 days'),
    steps = [
        step('welcome',      wait='0 minutes', template='activation/welcome'),
        step('setup_help',   wait='2 days',    template='activation/setup_help',   unless=in_segment('activated')),
        step('social_proof', wait='5 days',    template='activation/social_proof', unless=in_segment('activated')),
        step('talk_to_us',   wait='10 days',   template='activation/talk_to_us',   unless=in_segment('activated')),
    ]) }}
