"""What the README's figures come from: `make bench`, or `python -m benchmarks [NAME…] [--quick]`.

A benchmark is a module of this package with a function `comparisons`; there is no list to add it
to. Each comparison runs Sendhouse and a named floor or peer in turn, in processes of their own.
"""
