"""The stage `decide`."""
