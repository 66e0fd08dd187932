"""File formats: packing, text encoding, CSV, JSON, Excel and Parquet."""
