"""The small inputs that went wrong, in `../shared/data/faults` beside the project."""

from __future__ import annotations

from pathlib import Path

import pytest

_FAULTS = Path(__file__).resolve().parents[4] / "shared" / "data" / "faults"


def fault(name: str) -> bytes:
    """Return the content of a file of the folder; skip the test if the file is absent."""
    path = _FAULTS / name
    if not path.is_file():
        pytest.skip(f"no {path.name}")
    return path.read_bytes()
