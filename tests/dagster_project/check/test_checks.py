"""Findings of `sendhouse check` about segments, templates, features and the sender."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dagster_project.check.checks import run_checks
from dagster_project.project import registry
from tests.support.home import Home
from tests.support.project_copy import ProjectCopy

if TYPE_CHECKING:
    from collections.abc import Callable

SEGMENT = "models/segments/silent.yml"
WELCOME = "templates/activation/welcome.mjml"
PROOF = "templates/activation/social_proof.mjml"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> ProjectCopy:
    return ProjectCopy(tmp_path_factory.mktemp("checked-project") / "project")


@pytest.fixture(scope="module")
def check(project: ProjectCopy, tmp_path_factory: pytest.TempPathFactory):
    home = Home(
        tmp_path_factory.mktemp("checked") / "home", SENDHOUSE_PROJECT_DIR=str(project.folder)
    )

    def check(**variables: str) -> list[str]:
        with Home(home.folder, **home.variables | variables).settings() as settings:
            return run_checks(settings)

    return check


def test_a_segment_that_breaks_its_contract_is_a_finding_with_file_and_remedy(
    project: ProjectCopy, check: Callable[..., list[str]]
):
    with project.edited((SEGMENT, "owner: marketing@northwind.example", "owner: marketing")):
        findings = check()

    assert findings == [
        f"{SEGMENT}: segment 'silent' has an invalid config.meta.owner 'marketing': write the "
        "e-mail address of the owner"
    ]


def test_a_model_without_a_description_is_found(
    project: ProjectCopy, check: Callable[..., list[str]]
):
    path = project.folder / "models/triggers/went_silent.yml"
    text = path.read_text(encoding="utf-8")
    path.unlink()
    findings = check()
    path.write_text(text, encoding="utf-8")

    assert findings == [
        "models/triggers/went_silent.sql: the model has no description: write went_silent.yml in "
        "the same folder"
    ]


def test_an_unknown_feature_or_variable_is_found_in_every_branch_of_a_template(
    project: ProjectCopy, check: Callable[..., list[str]]
):
    never = "{% if contact.revenue > 1000000 %}{{ contact.frist_name }} {{ coupon }}{% endif %}"
    layout = "templates/_layout.mjml"
    with project.edited(
        (WELCOME, "Your trial is open.", never),
        (layout, "identity.postal_address", "contact.postal_adress"),
    ):
        findings = check()

    line = _line(project, WELCOME, "Your trial is open.")
    [feature] = [finding for finding in findings if "frist_name" in finding]
    assert feature.startswith(f"{WELCOME}:{line}: unknown feature contact.frist_name")
    assert "first_name" in feature
    [variable] = [finding for finding in findings if "'coupon'" in finding]
    assert variable.startswith("templates/activation/welcome: unknown variable 'coupon'")
    assert any(finding.startswith(f"{layout}:") for finding in findings)


def test_a_template_is_rendered_for_a_contact_without_and_one_with_optional_features(
    project: ProjectCopy, check: Callable[..., list[str]]
):
    with project.edited(
        (WELCOME, 'contact.first_name or "there"', "contact.first_name"),
        (PROOF, "<mj-text>", "{% if contact.last_purchase_at %}{{ 1 / 0 }}{% endif %}<mj-text>"),
        # Counts are numbers also for a contact without activity.
        (WELCOME, "Your trial", "{% if contact.events_30d > 5 %}{{ contact.revenue }}{% endif %}"),
    ):
        findings = check()

    assert sorted(finding.partition(": ")[0] for finding in findings) == [
        f"{PROOF}:{_line(project, PROOF, '<mj-text>')}",
        f"{WELCOME}:{_line(project, WELCOME, 'contact.first_name or ')}",
    ]


def test_an_unusable_sender_is_a_finding(check: Callable[..., list[str]]):
    [smtp] = check(SENDHOUSE_DELIVERY__SENDER="smtp")
    [unknown] = check(SENDHOUSE_DELIVERY__SENDER="raven", SENDHOUSE_LINK_KEY="k")

    assert "SENDHOUSE_LINK_KEY" in smtp
    assert "unknown sender 'raven'; available: file, smtp" in unknown


def test_check_registers_a_new_file(project: ProjectCopy, check: Callable[..., list[str]]):
    name = "models/segments/all_contacts.sql"
    new = [project.folder / name, (project.folder / name).with_suffix(".yml")]
    new[0].write_text("select contact_id from {{ ref('contacts') }}\n", encoding="utf-8")
    new[1].write_text(
        (project.folder / SEGMENT).read_text(encoding="utf-8").replace("silent", "all_contacts"),
        encoding="utf-8",
    )

    findings = check()
    text = (project.folder / registry.REGISTRY_FILE).read_text(encoding="utf-8")
    for path in new:
        path.unlink()

    assert findings == []
    assert "'all_contacts'," in text


def _line(project: ProjectCopy, file: str, text: str) -> int:
    """Find the number of the first line with `text`."""
    lines = (project.folder / file).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def test_a_sequence_needs_neither_exits_nor_a_goal(
    project: ProjectCopy, check: Callable[..., list[str]]
):
    with project.edited(
        (
            "models/sequences/reengagement.sql",
            "exits    = [not_in_segment('silent'), replied()],",
            "",
        )
    ):
        assert check() == []


def test_a_text_feature_in_a_subfolder_works_and_an_unlisted_column_is_found(
    project: ProjectCopy, check: Callable[..., list[str]]
):
    folder = project.folder / "models/contacts/features/shop"
    folder.mkdir()
    (folder / "loyalty.sql").write_text(
        "select contact_id, 'gold' as tier, 3 as stamps from {{ ref('contacts') }} where false\n",
        encoding="utf-8",
    )
    (folder / "loyalty.yml").write_text(LOYALTY, encoding="utf-8")
    with project.edited((WELCOME, "Your trial is open.", "{{ 1 / (contact.tier != 'bronze') }}")):
        findings = check()
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()

    [finding] = [finding for finding in findings if "stamps" in finding]
    assert finding.startswith("models/contacts/features/shop/loyalty.yml: column 'stamps' ")
    # The contact without optional features has the default.
    assert any(finding.startswith(f"{WELCOME}:") for finding in findings)


LOYALTY = """
models:
  - name: loyalty
    description: The loyalty card of the shop. One row per contact.
    columns:
      - name: contact_id
      - name: tier
        config: {meta: {default: bronze}}
"""
