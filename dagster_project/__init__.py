"""When things run: settings, the stages of a tick, Dagster's definitions and the command line."""

import time

# Commands that say how long they took count their start-up from here.
PROCESS_STARTED = time.monotonic()
