"""All checks of `sendhouse check`: models, segments, triggers, parameters, templates, settings."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import jinja2
from jinja2 import nodes

from dagster_project.check import preview
from dagster_project.check.rehearsal import rehearse
from dagster_project.home import warehouse
from dagster_project.home.settings import Settings, SettingsError
from dagster_project.landing import (
    Kind,
    KindError,
    other_mapping_notice,
    other_mappings,
    parse_kind,
    sources_with_unknown_keys,
)
from dagster_project.project import dbt, registry, segment_contract, trigger_contract
from dagster_project.tick.sender import make_sender
from senders.base import SenderConfigError
from senders.errors import ComposeError
from senders.rendering import Templates

TEMPLATE_VARIABLES = {"contact", "send", "identity", "unsubscribe_url"}

_PARAMETER = re.compile(r"""\bparameter\(\s*['"](\w+)['"]\s*\)""")


def run_checks(settings: Settings) -> list[str]:
    """Run every check; each finding names the file, the problem and the remedy."""
    findings = [*_descriptions(settings), *segment_contract.check(settings.project_dir)]
    contacts: list[dict[str, Any]] = []
    # Each of these checks needs a project that passes the previous check.
    problems = [*_parse(settings)] or [*_parameters(settings)]
    if not problems:
        findings += trigger_contract.check(dbt.manifest(settings))
        rehearsal = rehearse(settings)
        problems, contacts = rehearsal.problems, rehearsal.contacts
    findings += problems
    findings += [*_variables(settings)] or [*_templates(settings, contacts)]
    findings += _configuration(settings)
    findings += _landed(settings)
    return findings


def _descriptions(settings: Settings) -> Iterator[str]:
    for path in registry.model_files(settings.project_dir / "models"):
        yaml = path.with_suffix(".yml")
        if not yaml.is_file():
            yield (
                f"{_relative(path, settings)}: the model has no description: write {yaml.name} "
                "in the same folder"
            )


def _parse(settings: Settings) -> Iterator[str]:
    try:
        dbt.prepare(settings)
    except dbt.DbtError as error:
        yield str(error)


def _parameters(settings: Settings) -> Iterator[str]:
    manifest = dbt.manifest(settings)
    for node in (*manifest["nodes"].values(), *manifest["macros"].values()):
        code = node.get("raw_code") or node.get("macro_sql") or ""
        for name in _PARAMETER.findall(code):
            if name not in settings.parameters:
                known = ", ".join(sorted(settings.parameters)) or "none"
                yield (
                    f"{node['original_file_path']}: parameter '{name}' is not in [parameters] of "
                    f"sendhouse.toml; known parameters: {known}"
                )


def _variables(settings: Settings) -> Iterator[str]:
    """Find unknown variables and features in templates, also in branches that no contact takes."""
    templates = Templates(settings.templates_dir)
    found = registry.names(settings.project_dir, settings.live_example)
    for path in sorted(settings.templates_dir.rglob("*")):
        if path.suffix in registry.TEMPLATE_ENDINGS:
            for line, name in _features_used(path.read_text(encoding="utf-8", errors="replace")):
                if name not in found["features"]:
                    near = get_close_matches(name, found["features"], n=3) or found["features"]
                    yield (
                        f"{_relative(path, settings)}:{line}: unknown feature contact.{name}; "
                        f"similar features: {', '.join(near)}"
                    )
    for template in found["templates"]:
        try:
            unknown = templates.variables(template) - TEMPLATE_VARIABLES
        except ComposeError as error:
            yield str(error)
            continue
        for name in sorted(unknown):
            known = ", ".join(sorted(TEMPLATE_VARIABLES))
            yield f"templates/{template}: unknown variable '{name}'; known variables: {known}"


def _features_used(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the name of each `contact.<name>`."""
    try:
        tree = jinja2.Environment(autoescape=True).parse(text)
    except jinja2.TemplateSyntaxError:
        return  # reported by Templates.variables, with file and line
    for node in tree.find_all(nodes.Getattr):
        of_contact = isinstance(node.node, nodes.Name) and node.node.name == "contact"
        if of_contact and not hasattr(dict, node.attr):
            yield node.lineno, node.attr


def _templates(settings: Settings, contacts: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Build the message of each template for two contacts: without and with optional features."""
    for template in registry.names(settings.project_dir, settings.live_example)["templates"]:
        findings: dict[str, None] = {}
        for contact in contacts:
            try:
                for remark in preview.remarks(settings, template, contact, datetime.now(UTC)):
                    findings[remark] = None
            except ComposeError as error:
                findings[str(error)] = None
                break
            except SettingsError:
                return  # reported by _configuration
        yield from findings


def _configuration(settings: Settings) -> Iterator[str]:
    for require in (lambda: make_sender(settings), settings.require_link_key):
        try:
            require()
        except (SettingsError, SenderConfigError) as error:
            yield str(error)


def _landed(settings: Settings) -> Iterator[str]:
    """Find sources with files read with other settings than today's, or with unknown keys."""
    if not settings.warehouse_path.exists():
        return
    try:
        with warehouse.connect(
            settings.warehouse_path, read_only=True, wait_seconds=0
        ) as connection:
            found = other_mappings(connection, settings)
            kinds = [_kind(settings, name) for name in ("events", *settings.sources)]
            keys = sources_with_unknown_keys(connection, [kind for kind in kinds if kind])
    except warehouse.WarehouseBusyError:
        return  # a tick holds the warehouse, and reports the same
    for source, files in found.items():
        yield other_mapping_notice(source, files)
    yield from keys


def _kind(settings: Settings, name: str) -> Kind | None:
    try:
        return parse_kind(name, settings.sources)
    except KindError:
        return None  # reported when a file lands


def _relative(path: Path, settings: Settings) -> str:
    return os.path.relpath(path, settings.project_dir)
