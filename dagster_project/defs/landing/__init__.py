"""The stages `begin`, `land` and `load_journal`."""
