"""The output of commands that read landed files again, or forget them."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from dagster_project.cli.output import out, print_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagster_project.home.settings import Settings
    from dagster_project.landing import Correction


def print_correction(
    correction: Correction, settings: Settings, *, dry_run: bool, as_json: bool
) -> None:
    """Print what changed, or with `dry_run` what would change."""
    if as_json:
        print_json(asdict(correction) | {"dry_run": dry_run})
        return
    for line in _lines(correction, dry_run=dry_run):
        out.print(line.replace(f"{settings.home}/", ""), markup=False)


def _lines(correction: Correction, *, dry_run: bool) -> Iterator[str]:
    for file in correction.files:
        counts = (
            (file.landed, "rows landed"),
            (file.duplicate, "duplicate"),
            (file.rejected, "rejected"),
        )
        listed = ", ".join(f"{_change(*change)} {name}" for change, name in counts)
        yield f"{file.path} ({file.kind}): {listed}"
        for change in _changed_settings(*file.mapping):
            yield f"  {change}"
        for notice in file.notices:
            yield f"  {notice}"
    found = correction.difference
    yield (
        f"rows: {found.new:,} new, {found.gone:,} gone, {found.changed:,} changed; "
        f"{found.contacts:,} contacts affected, {found.unknown_keys:,} keys of no known contact"
    )
    yield (
        "dry run: nothing changed"
        if dry_run
        else "the next tick builds all models from the beginning; decisions on record stay"
    )


def _change(before: int, after: int) -> str:
    return f"{before:,}" if before == after else f"{before:,} → {after:,}"


def _changed_settings(before: str, after: str) -> Iterator[str]:
    """Describe each setting that differs; a version before this one kept only a hash."""
    if before == after or not before.startswith("{"):
        return
    old, new = json.loads(before), json.loads(after)
    for key in sorted({*old, *new}):
        if old.get(key) != new.get(key):
            was, now = (
                "default" if value is None else json.dumps(value, ensure_ascii=False)
                for value in (old.get(key), new.get(key))
            )
            yield f"{key}: {was} → {now}"
