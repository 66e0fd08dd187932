"""What the analyst's folders hold, as a dbt macro.

dbt orders models by the refs it sees while parsing, when it does not know yet which models exist;
so "all segments" has to stand somewhere as a list. This writes that list from the folders, so that
nobody edits it by hand: `dbt/macros/registry.sql`, committed, and rewritten when a file was added.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

REGISTRY_FILE = Path("dbt/macros/registry.sql")
MODEL_FOLDERS = ("segments", "scores", "triggers", "sequences", "broadcasts")
FEATURES_FOLDER = Path("models/contacts/features")
TEMPLATE_ENDINGS = (".mjml", ".html")
# Every build reads the folders: libyaml's loader, where it is there, does so ten times faster.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class RegistryError(Exception):
    """The folders do not say what there is; the message names the file and the remedy."""


def names(project_dir: Path) -> dict[str, list[str]]:
    """Names by kind: models of each folder, inputs, features, and e-mail templates, each sorted.

    A feature is a column of contact_features: its own, or of a model in models/contacts/features.

    A template whose name begins with `_` is part of others and not listed.
    """
    found = {
        folder: sorted(path.stem for path in (project_dir / "models" / folder).rglob("*.sql"))
        for folder in MODEL_FOLDERS
    }
    found["inputs"] = _inputs(project_dir)
    own = _columns(project_dir / "models/contacts/contact_features.yml", "contact_features")
    found["features"] = sorted({*own}.union(*feature_models(project_dir).values()))
    templates_dir = project_dir / "templates"
    found["templates"] = sorted(
        path.relative_to(templates_dir).with_suffix("").as_posix()
        for path in templates_dir.rglob("*")
        if path.suffix in TEMPLATE_ENDINGS and not path.name.startswith("_")
    )
    return found


def feature_models(project_dir: Path) -> dict[str, dict[str, Any]]:
    """The columns of each model in models/contacts/features, as their YAML lists them.

    Returns:
        By model and column the value for who has no row there (`config.meta.default`), or None.

    Raises:
        RegistryError: a model has no YAML beside it, or a column stands in two models.
    """
    found: dict[str, dict[str, Any]] = {}
    owners: dict[str, str] = {}
    for path in sorted((project_dir / FEATURES_FOLDER).rglob("*.sql")):
        beside = path.with_suffix(".yml")
        shown = beside.relative_to(project_dir)
        if not beside.is_file():
            raise RegistryError(f"{shown}: is missing; it lists the columns that become features")
        found[path.stem] = {}
        for name, meta in _columns(beside, path.stem).items():
            if name == "contact_id":
                continue
            if name in owners:
                raise RegistryError(
                    f"{shown}: column '{name}' is a feature of {owners[name]} already; "
                    "give it another name"
                )
            owners[name] = path.stem
            found[path.stem][name] = meta.get("default")
    return found


def _columns(path: Path, model: str) -> dict[str, dict[str, Any]]:
    """By column of a model the `config.meta` that a YAML file gives it."""
    content = yaml.load(path.read_text(encoding="utf-8"), _LOADER) or {}  # noqa: S506
    try:
        for described in content.get("models") or []:
            if described["name"] == model:
                return {
                    column["name"]: (column.get("config") or {}).get("meta") or {}
                    for column in described.get("columns") or []
                }
    except (AttributeError, KeyError, TypeError) as error:
        raise RegistryError(
            f"{path}: is no list of `models`, each with its name and `columns`"
        ) from error
    raise RegistryError(f"{path}: describes no model '{model}'")


def _inputs(project_dir: Path) -> list[str]:
    """Name the staging models that feed the input layer.

    Those are `models/staging/<source>/stg_<source>__<object>.sql` for which there is a
    `models/input/input_<object>.sql`, of sources that dbt_project.yml does not switch off.
    """
    settings = (project_dir / "dbt_project.yml").read_text(encoding="utf-8")
    configured = yaml.load(settings, _LOADER)  # noqa: S506
    staging = configured["models"][configured["name"]].get("staging", {})
    return sorted(
        path.stem
        for input_model in (project_dir / "models/input").glob("input_*.sql")
        for path in (project_dir / "models/staging").glob(
            f"*/stg_*__{input_model.stem.removeprefix('input_')}.sql"
        )
        if path.stem.startswith(f"stg_{path.parent.name}__")
        and (staging.get(path.parent.name) or {}).get("+enabled", True)
    )


def render(project_dir: Path) -> str:
    """The text of the macro for what the folders hold now."""
    lines = [
        "{#- Written by `sendhouse check` from the folders; do not edit. See registry_use.sql. -#}",
        "{% macro registry() -%}",
        "    {{ return({",
    ]
    for kind, found in names(project_dir).items():
        lines.append(f"        '{kind}': [")
        lines.extend(f"            '{name}'," for name in found)
        lines.append("        ],")
    lines.append("        'feature_models': {")
    for model, columns in feature_models(project_dir).items():
        lines.append(f"            '{model}': {{")
        lines.extend(
            f"                '{name}': {'none' if default is None else json.dumps(default)},"
            for name, default in columns.items()
        )
        lines.append("            },")
    lines.append("        },")
    lines += ["    }) }}", "{%- endmacro %}", ""]
    return "\n".join(lines)


def refresh(project_dir: Path) -> bool:
    """Write the macro when it is not what the folders hold; True when it was written."""
    path = project_dir / REGISTRY_FILE
    text = render(project_dir)
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return False
    written = path.with_suffix(".tmp")
    written.write_text(text, encoding="utf-8")
    written.replace(path)  # dbt may be reading it
    return True
