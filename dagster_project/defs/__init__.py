"""Dagster definitions, one folder per stage; Dagster loads every file here."""
