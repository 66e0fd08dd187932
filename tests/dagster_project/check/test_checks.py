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

SEGMENT = "models/segments/b2b/silent.yml"
WELCOME = "templates/activation/welcome.mjml"
PROOF = "templates/activation/social_proof.mjml"
SETUP = "templates/activation/setup_help.mjml"
LAST = "templates/reengagement/last_call.mjml"
LAYOUT = "templates/_layout.mjml"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> ProjectCopy:
    return ProjectCopy(tmp_path_factory.mktemp("checked-project") / "project", is_lean=True)


@pytest.fixture(scope="module")
def check(project: ProjectCopy, tmp_path_factory: pytest.TempPathFactory):
    home = Home(
        tmp_path_factory.mktemp("checked") / "home", SENDHOUSE_PROJECT_DIR=str(project.folder)
    )

    def check(**variables: str) -> list[str]:
        with Home(home.folder, **home.variables | variables).settings() as settings:
            return run_checks(settings)

    return check


@pytest.fixture(scope="module")
def read_only(project: ProjectCopy, check: Callable[..., list[str]]) -> list[str]:
    """The findings that need no build: one run of the checks for several faults."""
    undescribed = project.folder / "models/triggers/b2b/went_silent.yml"
    text = undescribed.read_text(encoding="utf-8")
    undescribed.unlink()
    never = "{% if contact.revenue > 1000000 %}{{ contact.frist_name }} {{ coupon }}{% endif %}"
    with project.edited(
        (SEGMENT, "owner: marketing@northwind.example", "owner: marketing"),
        (WELCOME, "Your trial is open.", never),
        (LAYOUT, "identity.postal_address", "contact.postal_adress"),
    ):
        findings = check(SENDHOUSE_DELIVERY__SENDER="smtp")
    undescribed.write_text(text, encoding="utf-8")
    return findings


@pytest.fixture(scope="module")
def built(project: ProjectCopy, check: Callable[..., list[str]]) -> list[str]:
    """The findings of a build: new files, and templates rendered with its features."""
    segment = project.folder / "models/segments/all_contacts.sql"
    segment.write_text("select contact_id from {{ ref('contacts') }}\n", encoding="utf-8")
    text = (project.folder / SEGMENT).read_text(encoding="utf-8").replace("silent", "all_contacts")
    segment.with_suffix(".yml").write_text(text, encoding="utf-8")
    folder = project.folder / "models/contacts/features/shop"
    folder.mkdir()
    (folder / "loyalty.sql").write_text(
        "select contact_id, 'gold' as tier, 3 as stamps from {{ ref('contacts') }} where false\n",
        encoding="utf-8",
    )
    (folder / "loyalty.yml").write_text(LOYALTY, encoding="utf-8")
    with project.edited(
        (WELCOME, 'contact.first_name or "there"', "contact.first_name"),
        # Counts are numbers also for a contact without activity.
        (WELCOME, "Your trial", "{% if contact.events_30d > 5 %}{{ contact.revenue }}{% endif %}"),
        (PROOF, "<mj-text>", "{% if contact.last_purchase_at %}{{ 1 / 0 }}{% endif %}<mj-text>"),
        (SETUP, "<mj-text>", "{{ 1 / (contact.tier != 'bronze') }}<mj-text>"),
        (
            LAST,
            "?stay=yes",
            "{% if contact.company_name == '?' %}?company={{ contact.company_name }}{% endif %}",
        ),
        (LAST, "padding-bottom", "padding-botom"),
        (
            "models/sequences/b2b/reengagement.sql",
            "exits    = [not_in_segment('silent'), replied()],",
            "",
        ),
    ):
        return check(SENDHOUSE_DELIVERY__SENDER="raven", SENDHOUSE_LINK_KEY="k")


def test_a_segment_that_breaks_its_contract_is_a_finding_with_file_and_remedy(
    read_only: list[str],
):
    assert (
        f"{SEGMENT}: segment 'silent' has an invalid config.meta.owner 'marketing': write the "
        "e-mail address of the owner"
    ) in read_only


def test_a_model_without_a_description_is_found(read_only: list[str]):
    assert (
        "models/triggers/b2b/went_silent.sql: the model has no description: write went_silent.yml "
        "in the same folder"
    ) in read_only


def test_an_unknown_feature_or_variable_is_found_in_every_branch_of_a_template(
    project: ProjectCopy, read_only: list[str]
):
    line = _line(project, WELCOME, "Your trial is open.")
    [feature] = [finding for finding in read_only if "frist_name" in finding]
    assert feature.startswith(f"{WELCOME}:{line}: unknown feature contact.frist_name")
    assert "first_name" in feature
    [variable] = [finding for finding in read_only if "'coupon'" in finding]
    assert variable.startswith("templates/activation/welcome: unknown variable 'coupon'")
    assert any(finding.startswith(f"{LAYOUT}:") for finding in read_only)


def test_an_unusable_sender_is_a_finding(read_only: list[str], built: list[str]):
    assert any("SENDHOUSE_LINK_KEY" in finding for finding in read_only)
    assert any("unknown sender 'raven'; available: file, smtp" in finding for finding in built)


def test_nothing_but_the_faults_is_found(read_only: list[str]):
    assert len(read_only) == 6, read_only


def test_a_template_is_rendered_for_a_contact_without_and_one_with_optional_features(
    project: ProjectCopy, built: list[str]
):
    """So is a text feature with a default. A new file, or a sequence without exits, is no fault."""
    assert sorted(finding.partition(": ")[0] for finding in built) == sorted(
        [
            f"{LAST}:{_line(project, LAST, '?stay=yes')}",
            f"{LAST}:{_line(project, LAST, 'padding-bottom')}",
            f"{PROOF}:{_line(project, PROOF, '<mj-text>')}",
            f"{SETUP}:{_line(project, SETUP, '<mj-text>')}",
            f"{WELCOME}:{_line(project, WELCOME, 'contact.first_name or ')}",
            "models/contacts/features/shop/loyalty.yml",
            "unknown sender 'raven'; available",
        ]
    )


def test_a_value_in_a_link_without_urlencode_and_an_unknown_attribute_are_found(
    built: list[str],
):
    unknown, link = sorted(finding for finding in built if finding.startswith(LAST))
    assert "MJML: <mj-text>: Attribute padding-botom is illegal" in unknown
    assert link.endswith(
        "a value in the link https://app.northwind.example/dashboards?company=… is not "
        "url-encoded: write {{ … | urlencode }}"
    )


def test_check_registers_a_new_file(project: ProjectCopy, built: list[str]):
    text = (project.folder / registry.REGISTRY_FILE).read_text(encoding="utf-8")

    assert "'all_contacts'," in text


def test_a_text_feature_in_a_subfolder_works_and_an_unlisted_column_is_found(built: list[str]):
    [finding] = [finding for finding in built if "stamps" in finding]
    assert finding.startswith("models/contacts/features/shop/loyalty.yml: column 'stamps' ")
    # The contact without optional features has the default.
    assert any(finding.startswith(f"{SETUP}:") for finding in built)


def _line(project: ProjectCopy, file: str, text: str) -> int:
    """Find the number of the first line with `text`."""
    lines = (project.folder / file).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


LOYALTY = """
models:
  - name: loyalty
    description: The loyalty card of the shop. One row per contact.
    columns:
      - name: contact_id
      - name: tier
        config: {meta: {default: bronze}}
"""
