"""Checks before a send (`checks`), a trial build of the project, and the preview of an e-mail."""
