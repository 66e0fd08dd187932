"""SQL that is put together: names are quoted, values are bound."""

from __future__ import annotations

from typing import Any


class Parameters:
    """The values of one statement: data is bound, never written into SQL."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def bind(self, value: Any) -> str:  # noqa: ANN401 - whatever DuckDB takes
        """Add a value and return what stands for it in the statement."""
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f"${name}"


def identifier(name: str) -> str:
    """Quote a name."""
    return '"' + name.replace('"', '""') + '"'
