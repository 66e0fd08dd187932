"""The tick: one pass of the loop. `stages` has the stages in order."""
