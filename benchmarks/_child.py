"""Run one function of a benchmark module and print its measurements; see `_measure.call`."""

from __future__ import annotations

import json
import sys
from importlib import import_module


def main(module: str, function: str, arguments: str) -> None:
    """Call the function and print its measurements as the last line."""
    print(json.dumps(getattr(import_module(module), function)(**json.loads(arguments))))


if __name__ == "__main__":
    main(*sys.argv[1:])
