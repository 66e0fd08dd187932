{{ sequence(
    trigger  = ref('went_silent'),
    audience = ref('silent'),
    reentry  = '180 days',
    exits    = [not_in_segment('silent'), replied()],
    steps = [
        step('we_miss_you', wait='0 days',  template='reengagement/we_miss_you'),
        step('whats_new',   wait='7 days',  template='reengagement/whats_new'),
        step('last_call',   wait='14 days', template='reengagement/last_call'),
        step('let_go',      wait='21 days', do='suppress', when=sent('last_call')),
    ]) }}
