"""Backfills of the daily tables, outside the tick."""
