"""Stage two."""
