"""Stage three."""
