"""Helpers for composed SQL: quote names, bind values."""

from __future__ import annotations

from typing import Any


class Parameters:
    """The bound values of one statement."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def bind(self, value: Any) -> str:  # noqa: ANN401 - any value that DuckDB accepts
        """Add a value and return its placeholder."""
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f"${name}"


def identifier(name: str) -> str:
    """Quote an identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote a text, for a statement that takes no bound value."""
    return "'" + text.replace("'", "''") + "'"
