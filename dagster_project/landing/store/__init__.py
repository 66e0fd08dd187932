"""Lands each file once: finds new files, writes their rows, records the result in `raw.files`."""
