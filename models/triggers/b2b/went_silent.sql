{{ segment_entry_trigger(ref('silent')) }}
