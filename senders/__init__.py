"""How mail leaves: rendering, the message, the journal of tries, and one file per way out.

Knows neither Dagster nor DuckDB; whoever dispatches hands over rows and gets rows back.
"""
