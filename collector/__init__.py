"""HTTP input: requests become landing files; the collector never writes to the warehouse."""
