"""Fetches new data from S3 and PostgreSQL into the landing folder."""
