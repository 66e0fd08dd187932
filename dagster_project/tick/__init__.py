"""The tick: one pass of the loop, stage by stage (`stages`)."""
