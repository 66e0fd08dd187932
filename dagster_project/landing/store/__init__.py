"""How rows land: which files are new, one transaction per file, and its record in `raw.files`."""
