"""The contract of a segment's YAML: kind, rule, entry, exit, owner and review date."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from dagster_project.project import registry
from senders.addresses import parse_address
from senders.errors import AddressError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

KINDS = ("demographic", "firmographic", "behavioral", "lifecycle")
REMEDIES = {
    "kind": f"one of {', '.join(KINDS)}",
    "rule": "the rule in plain English",
    "entry": "when a contact enters, in plain English",
    "exit": "when a contact leaves, in plain English",
    "owner": "the e-mail address of the owner",
    "review_by": "the date of the next review (example: 2027-06-30)",
}
"""The required keys of `config.meta`, and the value to write for each key."""


def check(project_dir: Path) -> list[str]:
    """Check every segment of the project against the contract.

    Returns:
        One line per violation with the file (relative to the project) and the remedy. A missing or
        unparsable YAML is not reported here: `sendhouse check` and dbt report it.
    """
    found: list[str] = []
    for model in registry.model_files(project_dir / "models" / "segments"):
        name = model.stem
        path = model.with_suffix(".yml")
        if not path.is_file():
            continue
        try:
            meta = _meta(path, name)
        except yaml.YAMLError:
            continue
        shown = path.relative_to(project_dir).as_posix()
        if meta is None:
            found.append(f"{shown}: expected a list `models`, each with `name` and `config.meta`")
            continue
        found += [f"{shown}: segment '{name}' {problem}" for problem in violations(meta)]
    return found


def violations(meta: Mapping[str, Any]) -> Iterator[str]:
    """Yield each problem of a segment's `config.meta` with the remedy."""
    for key, remedy in REMEDIES.items():
        value = meta.get(key)
        if value is None or not str(value).strip():
            yield f"has no config.meta.{key}: write {remedy}"
        elif not _fits(key, value):
            yield f"has an invalid config.meta.{key} '{value}': write {remedy}"


def review_day(value: Any) -> date | None:  # noqa: ANN401 - any YAML or JSON type
    """Parse a `review_by`: a date or an ISO 8601 text; None for other values."""
    if isinstance(value, datetime):
        return None
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _fits(key: str, value: Any) -> bool:  # noqa: ANN401
    match key:
        case "kind":
            return value in KINDS
        case "owner":
            return isinstance(value, str) and _is_address(value)
        case "review_by":
            return review_day(value) is not None
        case _:
            return isinstance(value, str) and any(map(str.isalpha, value))


def _is_address(text: str) -> bool:
    try:
        parse_address(text)
    except AddressError:
        return False
    return True


def _meta(path: Path, name: str) -> dict[str, Any] | None:
    """Read the segment's `config.meta`; None if the YAML has another structure."""
    content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    models = content.get("models") or [] if isinstance(content, dict) else None
    if not isinstance(models, list) or not all(isinstance(model, dict) for model in models):
        return None
    model = next((model for model in models if model.get("name") == name), {})
    config = model.get("config") or {}
    meta = config.get("meta") or {} if isinstance(config, dict) else None
    return meta if isinstance(meta, dict) else None
