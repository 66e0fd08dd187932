"""What analysts write, as Sendhouse reads it: dbt, the registry, contracts, starting files."""
