"""Beside the loop: the past, day by day."""
