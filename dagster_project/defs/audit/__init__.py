"""The audits, outside the tick."""
