"""The source of the README's figures: `make bench`, or `python -m benchmarks [NAME…] [--quick]`.

A benchmark is a module of this package with a function `comparisons`; no list names it. Each
comparison runs Sendhouse and a named floor or peer in turn, each in a separate process.
"""

import os

# The benchmarks measure the models of the example, also in the processes that they start.
os.environ["SENDHOUSE_EXAMPLE"] = "b2b"
