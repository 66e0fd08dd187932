"""How a file is read: packing, encoding, CSV, JSON, Excel, Parquet."""
