"""The YAML of every segment describes the rule in plain English and names the owner."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from dagster_project.home.settings import PROJECT_DIR
from dagster_project.project import scaffold, segment_contract
from dagster_project.project.segment_contract import KINDS, REMEDIES
from tests.support.project_copy import ProjectCopy

if TYPE_CHECKING:
    from pathlib import Path

SILENT = "models/segments/b2b/silent.yml"
KEPT: dict[str, Any] = {
    "kind": "behavioral",
    "rule": "Ten events in 30 days.",
    "entry": "The tenth.",
    "exit": "Fewer.",
    "owner": "growth@northwind.example",
    "review_by": date(2027, 6, 30),
}


def test_every_segment_of_the_project_keeps_the_contract():
    assert segment_contract.check(PROJECT_DIR) == []


def test_the_project_has_segments_of_every_kind_and_each_has_a_unit_test():
    found = {
        path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in (PROJECT_DIR / "models/segments").rglob("[!_]*.yml")
    }
    assert len(found) >= 15
    kinds = {content["models"][0]["config"]["meta"]["kind"] for content in found.values()}
    assert kinds == set(KINDS)
    assert [name for name, content in found.items() if not content.get("unit_tests")] == []


def test_a_violation_is_reported_with_its_file(tmp_path: Path):
    project = ProjectCopy(tmp_path / "project")
    with project.edited(
        *((SILENT, f" {key}:", f" former_{key}:") for key in REMEDIES),
        ("models/segments/b2b/activated.yml", "kind: lifecycle", "kind: lively"),
    ):
        findings = segment_contract.check(project.folder)
    assert findings == [
        "models/segments/b2b/activated.yml: segment 'activated' has an invalid config.meta.kind "
        "'lively': write one of demographic, firmographic, behavioral, lifecycle",
        *(
            f"{SILENT}: segment 'silent' has no config.meta.{key}: write {remedy}"
            for key, remedy in REMEDIES.items()
        ),
    ]


def test_a_yaml_of_another_model_leaves_the_segment_without_contract(tmp_path: Path):
    project = ProjectCopy(tmp_path / "project")
    with project.edited((SILENT, "name: silent", "name: silenced")):
        assert len(segment_contract.check(project.folder)) == len(REMEDIES)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("kind", "Behavioral"),
        ("kind", ["behavioral"]),
        ("rule", "  "),
        ("rule", 7),
        ("rule", "-"),
        ("entry", None),
        ("exit", ""),
        ("owner", "the growth team"),
        ("owner", "growth@"),
        ("owner", ["growth@northwind.example"]),
        ("review_by", "next summer"),
        ("review_by", "2027-13-01"),
        ("review_by", 2027),
        ("review_by", datetime(2027, 6, 30)),  # noqa: DTZ001 - as YAML reads it
    ],
)
def test_an_empty_or_invalid_value_breaks_the_contract(key: str, value: Any):
    [problem] = segment_contract.violations(KEPT | {key: value})
    assert f"config.meta.{key}" in problem
    assert REMEDIES[key] in problem


@pytest.mark.parametrize("review_by", [date(2027, 6, 30), "2027-06-30"])
def test_a_complete_yaml_keeps_the_contract(review_by: Any):
    assert [*segment_contract.violations(KEPT | {"review_by": review_by})] == []


def test_the_starting_files_of_a_segment_keep_the_contract(tmp_path: Path):
    [_, path] = scaffold.write(tmp_path, "segment", "brand_new")
    meta = yaml.safe_load(path.read_text(encoding="utf-8"))["models"][0]["config"]["meta"]
    assert [*segment_contract.violations(meta)] == []


@pytest.mark.parametrize(
    "text",
    ["models:\n  -\n", "[]", "models: {name: silent}", "models:\n- name: silent\n  config: soon\n"],
)
def test_a_yaml_with_another_structure_is_reported_with_its_file(text: str, tmp_path: Path):
    project = ProjectCopy(tmp_path / "project")
    (project.folder / SILENT).write_text(text, encoding="utf-8")

    findings = segment_contract.check(project.folder)

    assert [finding for finding in findings if not finding.startswith(f"{SILENT}: ")] == []
    assert findings
