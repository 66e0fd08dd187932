"""Runs the project: settings, landing, the tick, checks, audits, replays, Dagster, command line."""

import time

# The start of the process, for durations that include start-up.
PROCESS_STARTED = time.monotonic()
