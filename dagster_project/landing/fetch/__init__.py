"""Files from S3 and PostgreSQL, brought to the landing folder."""
