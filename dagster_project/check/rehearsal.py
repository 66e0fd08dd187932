"""A trial build of the project in a temporary warehouse with one contact.

Some errors appear only when models run: a missing column, a ref() of the wrong kind, a broken
contract. The rehearsal reports such errors before a tick fails. The installation is neither read
nor written.
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

# A contact without optional values. Its address and the sample text have characters with a meaning
# in links, so that a template without `urlencode` is found.
_BARE = {"contact_id": "rehearsal", "email": "re+hearsal@example.com"}
# A value for each feature, by the prefix of the column type; the number 1 for other types.
_SAMPLES: dict[str, Any] = {
    "VARCHAR": "this & that",
    "BOOLEAN": True,
    "DATE": "2026-03-02",
    "TIMESTAMP": "2026-03-02 06:00:00+00",
}


@dataclass(frozen=True)
class Rehearsal:
    """The result of a trial build.

    Attributes:
        problems: the dbt message of each failed model.
        contacts: features as passed to templates: of a contact without optional values, and of a
            contact with all values. Empty if a model failed.
    """

    problems: list[str]
    contacts: list[dict[str, Any]] = field(default_factory=list)


def rehearse(settings: Settings) -> Rehearsal:
    """Build every model once with one contact.

    Raises:
        DbtError: dbt could not start.
    """
    with TemporaryDirectory(prefix="sendhouse-check-") as folder:
        update = {"home": Path(folder), "journal_url": None, "example": settings.live_example}
        scratch = settings.model_copy(update=update)
        stages.begin(scratch)
        _write_contact(scratch)
        stages.land(scratch)
        results = stages.decide(scratch, with_tests=False)
        problems = [result.message for result in results if not result.is_ok and result.message]
        if any(result.status == "error" for result in results):
            return Rehearsal(problems)
        problems += _unlisted_features(scratch)
        return Rehearsal(problems, _contacts(scratch))


def _unlisted_features(scratch: Settings) -> Iterator[str]:
    """Find columns of feature models that their YAML does not list."""
    listed = registry.feature_models(scratch.project_dir)
    with warehouse.connect(scratch.warehouse_path, read_only=True) as connection:
        for model, columns in listed.items():
            for column in connection.table(f"contacts.{model}").columns:
                if column not in columns and column != "contact_id":
                    yield (
                        f"{_yaml_of(scratch, model)}: column '{column}' of the model is no feature "
                        "yet: add the column under `columns`"
                    )


def _yaml_of(scratch: Settings, model: str) -> str:
    folder = scratch.project_dir / registry.FEATURES_FOLDER
    [path] = folder.rglob(f"{model}.yml")
    return path.relative_to(scratch.project_dir).as_posix()


def _write_contact(scratch: Settings) -> None:
    folder = scratch.landing_dir / "crm" / "standard" / "contacts"
    folder.mkdir(parents=True)
    (folder / "contact.jsonl").write_text(json.dumps(_BARE) + "\n", encoding="utf-8")


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


def _sample(data_type: str) -> Any:  # noqa: ANN401 - any JSON type
    return next((value for name, value in _SAMPLES.items() if data_type.startswith(name)), 1)
