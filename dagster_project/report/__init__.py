"""Pages for people, written to `<home>/report`: each a file that needs nothing else."""
