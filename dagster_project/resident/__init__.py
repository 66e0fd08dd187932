"""`sendhouse run`: one process that ticks when a file lands, and at the times of the schedule.

`wake` says when to tick. `loop` ticks, prints what happened, and goes on after an error.
"""
