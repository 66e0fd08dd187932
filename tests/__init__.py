"""The tests run the models of the example."""

import os

# New homes take the example from here, in every process that a test starts.
os.environ["SENDHOUSE_EXAMPLE"] = "b2b"
