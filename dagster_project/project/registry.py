"""dbt macros generated from what is written once elsewhere: `dbt/macros/registry.sql`.

dbt orders models by the refs that it sees while it parses; then dbt does not know all models yet.
So the project needs lists such as "all segments". This module writes them from the folders before
dbt reads the project: `sendhouse` does so, and the plugin `dbt_sendhouse` for every command of dbt.
The file is not committed: two branches that add a segment each would conflict. It also holds the
bounce rules, the mail providers and the tracking types of `senders/`, so Python and SQL apply the
same tables.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import yaml

from dagster_project.home import private
from senders.bounce_rules import ADDRESS, bounce_rules
from senders.providers import PROVIDERS
from senders.tracking_types import (
    BOUNCE_TYPES,
    SUPPRESSION_REASONS,
    TRACKING_TYPES,
    plain_word_sql,
    types_that_mean,
)

REGISTRY_FILE = Path("dbt/macros/registry.sql")
# By kind the folder of its models; of nested folders the inner one counts.
MODEL_FOLDERS = {
    "segments": "models/segments",
    "scores": "models/scores",
    "triggers": "models/triggers",
    "sequences": "models/sequences",
    "broadcasts": "models/broadcasts",
    "gates": "models/delivery/gates",
    "limits": "models/delivery/gates/limits",
}
# The examples: in each of these kinds a folder of this name, such as models/segments/b2b.
EXAMPLES = ("b2b",)
EXAMPLE_KINDS = ("segments", "scores", "triggers", "sequences", "broadcasts")
ACTIONS_FOLDER = Path("dbt/macros/sequences/actions")
FEATURES_FOLDER = Path("models/contacts/features")
TEMPLATE_ENDINGS = (".mjml", ".html")
# Every build reads the folders: libyaml's loader, where it is there, does so ten times faster.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class RegistryError(Exception):
    """A file of the project cannot be listed; the message names the file and the remedy."""


def names(project_dir: Path, example: str) -> dict[str, list[str]]:
    """Names by kind: models of each folder, inputs, actions, features and templates, each sorted.

    The models of an example are listed only if it is `example`. An action is what a step of a
    sequence can do. A feature is a column of contact_features or of a model in
    models/contacts/features. A template whose name begins with `_` is part of other templates and
    is not listed.
    """
    found = {kind: _models(project_dir, folder) for kind, folder in MODEL_FOLDERS.items()}
    for kind in EXAMPLE_KINDS if example else ():
        found[kind] = sorted(found[kind] + _models(project_dir, f"{MODEL_FOLDERS[kind]}/{example}"))
    found["inputs"] = _inputs(project_dir)
    found["actions"] = sorted(path.stem for path in (project_dir / ACTIONS_FOLDER).glob("*.sql"))
    own = _columns(project_dir / "models/contacts/contact_features.yml", "contact_features")
    found["features"] = sorted({*own}.union(*feature_models(project_dir).values()))
    templates_dir = project_dir / "templates"
    found["templates"] = sorted(
        path.relative_to(templates_dir).with_suffix("").as_posix()
        for path in templates_dir.rglob("*")
        if path.suffix in TEMPLATE_ENDINGS and not path.name.startswith("_")
    )
    return found


def _models(project_dir: Path, folder: str) -> list[str]:
    apart = [*MODEL_FOLDERS.values(), *(f"{folder}/{example}" for example in EXAMPLES)]
    inner = [other for other in apart if other.startswith(f"{folder}/")]
    return sorted(
        path.stem
        for path in model_files(project_dir / folder)
        if not any(path.is_relative_to(project_dir / other) for other in inner)
    )


def model_files(folder: Path) -> list[Path]:
    """The models below a folder: SQL, and Python."""
    return sorted(path for path in folder.rglob("*") if path.suffix in (".sql", ".py"))


def feature_models(project_dir: Path) -> dict[str, dict[str, Any]]:
    """The columns of each model in models/contacts/features, as their YAML lists them.

    Returns:
        By model and column the value for a contact without a row (`config.meta.default`), or None.

    Raises:
        RegistryError: a model has no YAML beside it, or two models have a column of one name.
    """
    found: dict[str, dict[str, Any]] = {}
    owners: dict[str, str] = {}
    for path in model_files(project_dir / FEATURES_FOLDER):
        beside = path.with_suffix(".yml")
        shown = beside.relative_to(project_dir)
        if not beside.is_file():
            raise RegistryError(
                f"{shown}: this file is missing; it lists the columns that become features"
            )
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
            f"{path}: expected a list of `models`, each with its name and `columns`"
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
        for path in model_files(project_dir / "models/staging")
        if path.stem.endswith(f"__{input_model.stem.removeprefix('input_')}")
        and path.stem.startswith(f"stg_{path.parent.name}__")
        and (staging.get(path.parent.name) or {}).get("+enabled", True)
    )


def render(project_dir: Path) -> str:
    """The text of the macros for the files as they are now."""
    parts = [
        _registry_macro(project_dir),
        _tracking_types_macro(),
        _words_macro(
            "bounce_kind", "The kind of a bounce in a provider's words: hard, soft", BOUNCE_TYPES
        ),
        _words_macro(
            "suppression_reason",
            "The consent statement that a provider's word means",
            SUPPRESSION_REASONS,
        ),
        _bounce_fault_macro(),
        _mail_provider_macro(),
    ]
    return "\n\n".join("\n".join(part) + "\n" for part in parts)


def _registry_macro(project_dir: Path) -> list[str]:
    found = {example: names(project_dir, example) for example in ("", *EXAMPLES)}
    lines = [
        "{#- Written from the folders; do not edit, do not commit. See registry_use.sql. -#}",
        "{% macro registry() -%}",
        "    {%- set live = {",
    ]
    for example, live in found.items():
        lines.append(f"        '{example}': {{")
        for kind in EXAMPLE_KINDS:
            lines.append(f"            '{kind}': [")
            lines.extend(f"                '{name}'," for name in live[kind])
            lines.append("            ],")
        lines.append("        },")
    lines += [
        "    }[env_var('SENDHOUSE_EXAMPLE', '')] -%}",
        "    {{ return(dict(live, **{",
        "        'folders': {",
    ]
    lines.extend(
        f"            '{kind}': '{folder}',"
        for kind, folder in {**MODEL_FOLDERS, "inputs": "models/staging"}.items()
    )
    lines.append("        },")
    for kind, listed in found[""].items():
        if kind in EXAMPLE_KINDS:
            continue
        lines.append(f"        '{kind}': [")
        lines.extend(f"            '{name}'," for name in listed)
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
    lines += ["    })) }}", "{%- endmacro %}"]
    return lines


def _tracking_types_macro() -> list[str]:
    meanings = dict.fromkeys(meaning for found in TRACKING_TYPES.values() for meaning in found)
    lines = [
        "{#- The types of tracking events with a meaning: see senders/tracking_types.py. -#}",
        "{% macro tracking_types(meaning) -%}",
        "    {{ return({",
    ]
    for meaning in meanings:
        lines.append(f"        '{meaning}': [")
        lines.extend(f"            '{name}'," for name in types_that_mean(meaning))
        lines.append("        ],")
    return [*lines, "    }[meaning]) }}", "{%- endmacro %}"]


def _words_macro(name: str, what: str, words: dict[str, tuple[str, ...]]) -> list[str]:
    lines = [
        f"{{#- {what}; else null.",
        "    `text` is an SQL expression. See senders/tracking_types.py. -#}",
        f"{{% macro {name}(text) -%}}",
        "    case",
    ]
    for meaning, known in words.items():
        lines.append(f"        when {plain_word_sql('{{ text }}')} in (")
        lines.extend(f"            '{word}'," for word in known)
        lines[-1] = lines[-1].removesuffix(",")
        lines.append(f"        ) then '{meaning}'")
    return [*lines, "    end", "{%- endmacro %}"]


def _bounce_fault_macro() -> list[str]:
    return [
        "{#- Whose fault the text of a bounce shows: recipient, sender or transient; else null.",
        "    `text` is an SQL expression. See senders/bounce_rules.csv. -#}",
        "{% macro bounce_fault(text) -%}",
        "    {%- set rules = [",
        *(f"        ('{_jinja(rule.pattern)}', '{rule.fault}')," for rule in bounce_rules()),
        "    ] -%}",
        "    case",
        "        {%- for pattern, fault in rules %}",
        "        when regexp_matches(",
        f"            regexp_replace(lower({{{{ text }}}}), '{_sql(ADDRESS)}', '', 'g'),",
        "            '{{ pattern }}'",
        "        ) then '{{ fault }}'",
        "        {%- endfor %}",
        "    end",
        "{%- endmacro %}",
    ]


def _mail_provider_macro() -> list[str]:
    return [
        "{#- The provider of a domain; null for null. `domain` is an SQL expression.",
        "    See senders/providers.py. -#}",
        "{% macro mail_provider(domain) -%}",
        "    {%- set providers = [",
        *(f"        ('{name}', '{pattern}')," for name, pattern in PROVIDERS.items()),
        "    ] -%}",
        "    case",
        "        {%- for name, pattern in providers %}",
        "        when regexp_matches({{ domain }}, '^({{ pattern }})$') then '{{ name }}'",
        "        {%- endfor %}",
        "        else {{ domain }}",
        "    end",
        "{%- endmacro %}",
    ]


def _jinja(text: str) -> str:
    """Write a pattern as the text of a Jinja string, in which a backslash escapes."""
    return _sql(text).replace("\\", "\\\\")


def _sql(text: str) -> str:
    return text.replace("'", "''")


def refresh(project_dir: Path) -> bool:
    """Write the macros if they differ from the files; True when they were written."""
    path = project_dir / REGISTRY_FILE
    text = render(project_dir)
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return False
    written = path.with_suffix(f".{os.getpid()}.tmp")
    with private.unrestricted():
        written.write_text(text, encoding="utf-8")
    written.replace(path)  # dbt may be reading it
    return True
