"""Beside the loop: what the data is worth."""
