"""An unknown name or invalid argument is found before a tick, with its file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dagster_project.check.checks import run_checks
from tests.support.home import Home
from tests.support.project_copy import ProjectCopy

if TYPE_CHECKING:
    from collections.abc import Callable

ACTIVATION = "models/sequences/b2b/activation.sql"
REENGAGEMENT = "models/sequences/b2b/reengagement.sql"
BROADCAST = "models/broadcasts/b2b/spring_release.sql"
ABANDONED = "models/triggers/b2b/setup_abandoned.sql"
WENT_SILENT = "models/triggers/b2b/went_silent.sql"
SCORE_REACHED = "models/triggers/b2b/score_reached_50.sql"
BIRTHDAY = "models/triggers/b2b/birthday.sql"
OPPORTUNITY = "models/triggers/b2b/became_opportunity.sql"
LAPSED = "models/segments/b2b/lapsed_buyers.sql"
SCORE = "models/scores/b2b/lead_score.sql"

# By problem: the file, the original text, the replacement, and the expected message.
AT_PARSE = {
    "template": (
        ACTIVATION,
        "'activation/welcome'",
        "'activation/hello'",
        "step 'welcome' names template 'activation/hello'",
    ),
    "step after": (
        ACTIVATION,
        "wait='5 days',",
        "wait='5 days', after='talk_to_us',",
        "step 'social_proof' comes after step 'talk_to_us'",
    ),
    "step opened": (
        ACTIVATION,
        "unless=in_segment('activated')",
        "unless=opened('wellcome')",
        "step 'setup_help' has a condition on step 'wellcome'",
    ),
    "step clicked": (
        ACTIVATION,
        "unless=in_segment('activated')",
        "when=not_(clicked('setup_help'))",
        "step 'setup_help' has a condition on step 'setup_help'",
    ),
    "step twice": (
        ACTIVATION,
        "step('setup_help'",
        "step('welcome'",
        "step 'welcome' has the name of an earlier step",
    ),
    "segment in a condition": (
        ACTIVATION,
        "[in_segment('activated')",
        "[in_segment('actived')",
        "names segment 'actived'",
    ),
    "segment by ref": (ACTIVATION, "ref('trial_accounts')", "ref('trials')", "'trials'"),
    "trigger by ref": (ACTIVATION, "ref('signed_up')", "ref('sign_up')", "'sign_up'"),
    "feature": (
        ACTIVATION,
        "replied()",
        "replied(), feature('size', '>', 5)",
        "names feature 'size'",
    ),
    "duration of a step": (ACTIVATION, "'2 days'", "'2 dayz'", "'2 dayz' is not a duration"),
    "duration of a goal": (ACTIVATION, "'30 days'", "'a month'", "'a month' is not a duration"),
    "re-entry": (ACTIVATION, "'once'", "'twice'", "'twice' is not a duration"),
    "action": (REENGAGEMENT, "do='suppress'", "do='forget'", "step 'let_go' does 'forget'"),
    "send without template": (
        REENGAGEMENT,
        ", do='suppress'",
        "",
        "step 'let_go': do='send' needs a template",
    ),
    "instant without offset": (BROADCAST, "09:00:00+00", "09:00:00", "'2026-03-17 09:00:00'"),
    "template of a broadcast": (
        BROADCAST,
        "'broadcasts/spring_release'",
        "'broadcasts/autumn'",
        "names template 'broadcasts/autumn'",
    ),
    "duration of a trigger": (ABANDONED, "'3 days'", "'3 daze'", "'3 daze' is not a duration"),
    "segment of a trigger": (WENT_SILENT, "ref('silent')", "ref('silnt')", "'silnt'"),
    "re-arm level": (
        SCORE_REACHED,
        "rearm=30",
        "rearm=50",
        "rearm=50 must be less than reaches=50",
    ),
    "date of a trigger": (BIRTHDAY, "'birthday'", "'born'", "names feature 'born'"),
    "field of a trigger": (OPPORTUNITY, "'lifecycle_stage'", "'stage'", "names field 'stage'"),
    "argument": (ACTIVATION, "wait='2 days'", "delay='2 days'", "'delay'"),
    "reason of nothing": (
        SCORE,
        "points=20, event='signed_up'",
        "points=20",
        "reason 'signed up' has the sources: none; give one of event, engagement, segment",
    ),
    "reason of two things": (
        SCORE,
        "event='signed_up'",
        "event='signed_up', engagement='opened'",
        "reason 'signed up' has the sources: signed_up, opened",
    ),
    "reason without points": (
        SCORE,
        "points=20, event='signed_up'",
        "event='signed_up'",
        "reason 'signed up' has no points",
    ),
    "segment of a reason": (
        SCORE,
        "'decision_makers'",
        "'deciders'",
        "reason 'decision maker' names segment 'deciders'",
    ),
    "engagement of a reason": (
        SCORE,
        "engagement='replied'",
        "engagement='answered'",
        "reason 'replied' names engagement 'answered', which does not exist; "
        "there are: complained, opened,",
    ),
    "half-life of a reason": (
        SCORE,
        "half_life='30 days'",
        "half_life='a month'",
        "reason 'booked a demo': 'a month' is not a duration",
    ),
}
# Errors that appear only in a build; independent errors are found in one check.
IN_SEQUENCES = (
    ((ACTIVATION, "ref('trial_accounts')", "ref('signed_up')"), "segment 'signed_up'"),
    ((REENGAGEMENT, "ref('went_silent')", "ref('activated')"), "trigger 'activated'"),
    ((BROADCAST, "2026-03-17", "2026-13-17"), '"2026-13-17 09:00:00+00"'),
)
BEFORE_SEQUENCES = (
    ((LAPSED, "last_purchase_at", "last_purchased_at"), '"last_purchased_at"'),
    ((ABANDONED, "absence_trigger", "absense_trigger"), "'absense_trigger' is undefined"),
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> ProjectCopy:
    return ProjectCopy(tmp_path_factory.mktemp("references") / "project", is_lean=True)


@pytest.fixture(scope="module")
def check(
    project: ProjectCopy, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], list[str]]:
    """Run the checks in one installation, so dbt parses only changed files."""
    home = Home(
        tmp_path_factory.mktemp("checked") / "home", SENDHOUSE_PROJECT_DIR=str(project.folder)
    )

    def check() -> list[str]:
        with home.settings() as settings:
            return run_checks(settings)

    return check


@pytest.mark.parametrize("problem", AT_PARSE)
def test_an_unknown_name_or_invalid_argument_is_found_at_parse(
    project: ProjectCopy, check: Callable[[], list[str]], problem: str
):
    file, old, new, message = AT_PARSE[problem]

    with project.edited((file, old, new)):
        [finding] = check()

    assert file in finding
    assert message in finding


@pytest.mark.parametrize("defects", [IN_SEQUENCES, BEFORE_SEQUENCES])
def test_an_error_that_appears_only_in_a_build_is_found_with_its_file(
    project: ProjectCopy,
    check: Callable[[], list[str]],
    defects: tuple[tuple[tuple[str, str, str], str], ...],
):
    with project.edited(*(edit for edit, _ in defects)):
        findings = check()

    for (file, _, _), message in defects:
        [finding] = [finding for finding in findings if file in finding]
        assert message in finding
    assert len(findings) == len(defects)


def test_an_unknown_parameter_is_found_with_its_model(
    project: ProjectCopy, check: Callable[[], list[str]]
):
    with project.edited((LAPSED, "'lapsed_buyer_days'", "'lapsed_days'")):
        [finding] = check()

    assert finding.startswith(f"{LAPSED}: parameter 'lapsed_days' is not in [parameters]")
    assert "lapsed_buyer_days" in finding


def test_the_project_itself_has_no_findings(check: Callable[[], list[str]]):
    assert check() == []
