{{ segment_exit_trigger(ref('silent')) }}
