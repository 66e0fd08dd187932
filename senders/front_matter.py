"""Front matter: the YAML between `---` lines at the top of a template."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import yaml

from senders.errors import RenderError

if TYPE_CHECKING:
    from collections.abc import Collection

_FENCE = "---"
_QUOTE_HINT = 'put quotes around text with {{ }} or a colon in it: subject: "Hi {{ … }}"'


def split_front_matter(
    text: str, label: str, *, allowed: Collection[str]
) -> tuple[dict[str, str], str]:
    """Split a template into front matter and body.

    Args:
        text: the whole file.
        label: the name of the file in errors.
        allowed: the allowed keys of the front matter.

    Returns:
        The values by key, and the body. Empty lines before each value and the body keep their
        line numbers as in the file. A file without front matter is all body.

    Raises:
        RenderError: the front matter is not closed, not YAML, has an unknown or doubled key, or a
            value that is not text. The message names file and line.

    """
    lines = text.splitlines(keepends=True)
    if not lines or lines[0].rstrip() != _FENCE:
        return {}, text
    end = next((i for i, line in enumerate(lines) if i and line.rstrip() == _FENCE), None)
    if end is None:
        raise RenderError(f"{label}:1: the front matter is not closed by a second {_FENCE} line")
    fields = _read("".join(lines[1:end]), label, allowed)
    return fields, "\n" * (end + 1) + "".join(lines[end + 1 :])


def _read(source: str, label: str, allowed: Collection[str]) -> dict[str, str]:
    try:
        # Nodes instead of values: a node has its line, and `subject: 2024` stays text.
        root = _compose(source)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 2 if error.problem_mark else 1
        raise RenderError(
            f"{label}:{line}: the front matter is not YAML: {error.problem}; {_QUOTE_HINT}"
        ) from error
    except yaml.YAMLError as error:
        raise RenderError(f"{label}:1: the front matter is not YAML: {error}") from error
    if root is None:
        return {}
    if not isinstance(root, yaml.MappingNode):
        raise RenderError(f"{label}:2: the front matter must be lines of the form key: text")
    fields: dict[str, str] = {}
    for key, value in root.value:
        line = key.start_mark.line + 2
        if key.value not in allowed:
            raise RenderError(
                f"{label}:{line}: unknown key {key.value!r} (allowed: {', '.join(allowed)})"
            )
        if key.value in fields:
            raise RenderError(f"{label}:{line}: {key.value} occurs twice")
        if not isinstance(value, yaml.ScalarNode):
            raise RenderError(f"{label}:{line}: {key.value} is not text; {_QUOTE_HINT}")
        fields[key.value] = "\n" * (value.start_mark.line + 1) + value.value
    return fields


def _compose(source: str) -> yaml.Node | None:
    composed = yaml.compose(source, Loader=yaml.SafeLoader)  # pyright: ignore
    return cast("yaml.Node | None", composed)
