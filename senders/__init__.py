"""Sending: rendering, the message, the journal of tries, and one file per sender.

This package imports neither Dagster nor DuckDB. The caller passes rows in and gets rows back.
"""
