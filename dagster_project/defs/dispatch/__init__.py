"""The stage `dispatch`."""
