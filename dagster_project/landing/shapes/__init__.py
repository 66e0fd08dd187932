"""What the rows of a file mean: events, tracking or CRM records."""
