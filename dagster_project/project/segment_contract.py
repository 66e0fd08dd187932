"""What a segment's YAML has to say in words, beside the SQL that says it exactly.

One implementation: `sendhouse check` asks it before anything is sent, and so does a test.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from email_validator import EmailNotValidError, validate_email

from dagster_project.project import registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

KINDS = ("demographic", "firmographic", "behavioral", "lifecycle")
REMEDIES = {
    "kind": f"one of {', '.join(KINDS)}",
    "rule": "who is in it, in plain English",
    "entry": "what makes somebody enter, in words",
    "exit": "what makes somebody leave, in words",
    "owner": "the e-mail address of who answers for it",
    "review_by": "the day by which its owner looks at it again, such as 2027-06-30",
}
"""The keys of `config.meta` that every segment has, and what to write there."""


def check(project_dir: Path) -> list[str]:
    """Hold every segment of the project against the contract.

    Returns:
        A line for each violation, with the file (relative to the project) and the remedy. A YAML
        that is missing or does not parse is not told here: `sendhouse check` and dbt do.
    """
    folder = project_dir / "models" / "segments"
    found: list[str] = []
    for name in registry.names(project_dir)["segments"]:
        path = next(folder.rglob(f"{name}.sql")).with_suffix(".yml")
        if not path.is_file():
            continue
        try:
            meta = _meta(path, name)
        except yaml.YAMLError:
            continue
        shown = path.relative_to(project_dir).as_posix()
        if meta is None:
            found.append(f"{shown}: is no list of `models`, each with name and config.meta")
            continue
        found += [f"{shown}: segment '{name}' {said}" for said in violations(meta)]
    return found


def violations(meta: Mapping[str, Any]) -> Iterator[str]:
    """Say what is wrong with a segment's `config.meta`, and what to write instead."""
    for key, remedy in REMEDIES.items():
        value = meta.get(key)
        if value is None or not str(value).strip():
            yield f"has no config.meta.{key}: write {remedy}"
        elif not _fits(key, value):
            yield f"has config.meta.{key} '{value}': write {remedy}"


def review_day(value: Any) -> date | None:  # noqa: ANN401 - whatever YAML or JSON made of it
    """Read a `review_by`: a day, or its text as ISO 8601; None when it is neither."""
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
        validate_email(text, check_deliverability=False)
    except EmailNotValidError:
        return False
    return True


def _meta(path: Path, name: str) -> dict[str, Any] | None:
    """What the YAML says of the segment; None when it is not built as dbt wants it."""
    content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    models = content.get("models") or [] if isinstance(content, dict) else None
    if not isinstance(models, list) or not all(isinstance(model, dict) for model in models):
        return None
    model = next((model for model in models if model.get("name") == name), {})
    config = model.get("config") or {}
    meta = config.get("meta") or {} if isinstance(config, dict) else None
    return meta if isinstance(meta, dict) else None
