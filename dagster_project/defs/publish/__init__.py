"""Stage four."""
