"""What the rows are: events, tracking or CRM records; the mapping of their columns."""
