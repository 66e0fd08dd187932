"""The audit of the CRM: the content, fill rate and freshness of each field."""
