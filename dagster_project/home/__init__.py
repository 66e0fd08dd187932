"""The installation: settings, the warehouse and its lock."""
