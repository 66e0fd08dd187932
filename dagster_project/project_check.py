"""What `sendhouse check` looks at before anything is sent."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from dagster_project import dbt, outgoing, preview, registry
from dagster_project.settings import Settings, SettingsError
from senders.base import SenderConfigError
from senders.errors import ComposeError

SEGMENT_KINDS = ("demographic", "firmographic", "behavioral", "lifecycle")
SEGMENT_KEYS = ("kind", "rule", "owner", "review_by")


def run(settings: Settings) -> list[str]:
    """Everything that would stop, or should stop, a send; each finding names file and remedy."""
    checks: list[Callable[[Settings], Iterator[str]]] = [
        _descriptions,
        _segments,
        _models,
        _templates,
        _configuration,
    ]
    return [finding for check in checks for finding in check(settings)]


def _descriptions(settings: Settings) -> Iterator[str]:
    for path in sorted((settings.project_dir / "models").rglob("*.sql")):
        beside = path.with_suffix(".yml")
        if not beside.is_file():
            yield f"{_shown(path, settings)}: no {beside.name} beside it that says what it is"


def _segments(settings: Settings) -> Iterator[str]:
    folder = settings.project_dir / "models" / "segments"
    for name in registry.names(settings.project_dir)["segments"]:
        path = next(folder.rglob(f"{name}.sql")).with_suffix(".yml")
        if not path.is_file():
            continue  # said above
        meta = _meta(path, name)
        for key in SEGMENT_KEYS:
            if not meta.get(key):
                yield f"{_shown(path, settings)}: segment '{name}' has no config.meta.{key}"
        if meta.get("kind") and meta["kind"] not in SEGMENT_KINDS:
            kinds = ", ".join(SEGMENT_KINDS)
            yield (
                f"{_shown(path, settings)}: segment '{name}' is of kind '{meta['kind']}'; "
                f"there are: {kinds}"
            )


def _meta(path: Path, name: str) -> dict[str, Any]:
    content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    for model in content.get("models", []):
        if model.get("name") == name:
            return model.get("config", {}).get("meta", {})
    return {}


def _models(settings: Settings) -> Iterator[str]:
    try:
        dbt.prepare(settings)
    except dbt.DbtError as error:
        yield str(error)


def _templates(settings: Settings) -> Iterator[str]:
    """Each template for a contact that has every feature, and for one that has only an id."""
    found = registry.names(settings.project_dir)
    full = {name: f"some {name}" for name in found["features"]}
    empty = dict.fromkeys(found["features"], None)
    for template in found["templates"]:
        for contact in (full, empty | {"contact_id": "c", "email": "c@example.com"}):
            try:
                preview.render(settings, template, contact, datetime.now(UTC))
            except ComposeError as error:
                yield f"templates/{template}: {error}"
                break
            except SettingsError:
                return  # said below


def _configuration(settings: Settings) -> Iterator[str]:
    for look in (settings.require_link_key, lambda: outgoing.make_sender(settings)):
        try:
            look()
        except (SettingsError, SenderConfigError) as error:
            yield str(error)


def _shown(path: Path, settings: Settings) -> str:
    return os.path.relpath(path, settings.project_dir)
