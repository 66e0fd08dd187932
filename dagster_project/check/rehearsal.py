"""The project tried out on a warehouse with one contact in it, in a folder that is thrown away.

What only running the models shows (a column that is not there, a ref() of the wrong kind, a broken
contract) shows here, before a tick meets it. Nothing of the installation is read or written.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dagster_project.home import warehouse
from dagster_project.home.settings import Settings
from dagster_project.project import registry
from dagster_project.tick import stages

# Of whom nothing is known but the address: what is optional is missing.
_BARE = {"contact_id": "somebody", "email": "somebody@example.com"}
# What a feature looks like when it is there, by the beginning of its type; else a number.
_SAMPLES: dict[str, Any] = {
    "VARCHAR": "something",
    "BOOLEAN": True,
    "DATE": "2026-03-02",
    "TIMESTAMP": "2026-03-02 06:00:00+00",
}


@dataclass(frozen=True)
class Rehearsal:
    """What came of it.

    Attributes:
        problems: what dbt said of each model that failed.
        contacts: features as templates get them: of a contact without anything optional, and of
            one with everything. Empty when the features themselves failed.
    """

    problems: list[str]
    contacts: list[dict[str, Any]] = field(default_factory=list)


def rehearse(settings: Settings) -> Rehearsal:
    """Build every model once, with next to no data.

    Raises:
        DbtError: dbt could not start.
    """
    with TemporaryDirectory(prefix="sendhouse-check-") as folder:
        scratch = settings.model_copy(update={"home": Path(folder), "journal_url": None})
        stages.begin(scratch)
        _write_somebody(scratch)
        stages.land(scratch)
        results = stages.decide(scratch, with_tests=False)
        problems = [result.message for result in results if not result.is_ok and result.message]
        if any(result.status == "error" for result in results):
            return Rehearsal(problems)
        problems += _unlisted_features(scratch)
        return Rehearsal(problems, _contacts(scratch))


def _unlisted_features(scratch: Settings) -> Iterator[str]:
    """What a feature model gives and its YAML does not list, which is a feature to nobody."""
    listed = registry.feature_models(scratch.project_dir)
    with warehouse.connect(scratch.warehouse_path, read_only=True) as connection:
        for model, columns in listed.items():
            for column in connection.table(f"contacts.{model}").columns:
                if column not in columns and column != "contact_id":
                    yield (
                        f"{_yaml_of(scratch, model)}: column '{column}' of the model becomes no "
                        "feature until it stands under `columns`"
                    )


def _yaml_of(scratch: Settings, model: str) -> str:
    folder = scratch.project_dir / registry.FEATURES_FOLDER
    [path] = folder.rglob(f"{model}.yml")
    return path.relative_to(scratch.project_dir).as_posix()


def _write_somebody(scratch: Settings) -> None:
    folder = scratch.landing_dir / "crm" / "standard" / "contacts"
    folder.mkdir(parents=True)
    (folder / "somebody.jsonl").write_text(json.dumps(_BARE) + "\n", encoding="utf-8")


def _contacts(scratch: Settings) -> list[dict[str, Any]]:
    with warehouse.connect(scratch.warehouse_path, read_only=True) as connection:
        features = connection.table("contacts.contact_features")
        types = dict(zip(features.columns, map(str, features.types), strict=True))
        found = connection.execute(
            "select to_json(features) from contacts.contact_features as features"
        ).fetchall()
    bare = [json.loads(row) for (row,) in found]
    return bare + [
        {name: _sample(types[name]) if value is None else value for name, value in contact.items()}
        for contact in bare
    ]


def _sample(data_type: str) -> Any:  # noqa: ANN401 - whatever JSON can hold
    return next((value for name, value in _SAMPLES.items() if data_type.startswith(name)), 1)
