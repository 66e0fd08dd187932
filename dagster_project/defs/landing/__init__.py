"""Stage one."""
