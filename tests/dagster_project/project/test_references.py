"""A name or a word that is wrong is found before a tick, and said with the file it stands in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dagster_project.check import findings
from tests.support.home import Home
from tests.support.project_copy import ProjectCopy

if TYPE_CHECKING:
    from collections.abc import Callable

ACTIVATION = "models/sequences/activation.sql"
REENGAGEMENT = "models/sequences/reengagement.sql"
BROADCAST = "models/broadcasts/spring_release.sql"
ABANDONED = "models/triggers/setup_abandoned.sql"
WENT_SILENT = "models/triggers/went_silent.sql"
SCORE_REACHED = "models/triggers/score_reached_50.sql"
BIRTHDAY = "models/triggers/birthday.sql"
OPPORTUNITY = "models/triggers/became_opportunity.sql"
LAPSED = "models/segments/lapsed_buyers.sql"
SCORE = "models/scores/lead_score.sql"

# What is wrong, the file, the text there, what stands there instead, and what must be said.
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
        "reason 'signed up' comes of nothing; say one of event, engagement, segment",
    ),
    "reason of two things": (
        SCORE,
        "event='signed_up'",
        "event='signed_up', engagement='opened'",
        "reason 'signed up' comes of signed_up and opened",
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
        "reason 'replied' names engagement 'answered'; there are: complained, opened,",
    ),
    "half-life of a reason": (
        SCORE,
        "half_life='30 days'",
        "half_life='a month'",
        "reason 'booked a demo': 'a month' is not a duration",
    ),
}
# What dbt does not see while it parses; what does not depend on each other is found in one go.
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
    return ProjectCopy(tmp_path_factory.mktemp("references") / "project")


@pytest.fixture(scope="module")
def check(
    project: ProjectCopy, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], list[str]]:
    """What check finds; one installation, so that dbt parses what changed, as an analyst's does."""
    home = Home(
        tmp_path_factory.mktemp("checked") / "home", SENDHOUSE_PROJECT_DIR=str(project.folder)
    )

    def check() -> list[str]:
        with home.settings() as settings:
            return findings.run(settings)

    return check


@pytest.mark.parametrize("what", AT_PARSE)
def test_a_name_that_nothing_has_is_found_at_parse(
    project: ProjectCopy, check: Callable[[], list[str]], what: str
):
    file, old, new, said = AT_PARSE[what]

    with project.edited((file, old, new)):
        [finding] = check()

    assert file in finding
    assert said in finding


@pytest.mark.parametrize("defects", [IN_SEQUENCES, BEFORE_SEQUENCES])
def test_what_only_running_shows_is_found_too_each_with_its_file(
    project: ProjectCopy,
    check: Callable[[], list[str]],
    defects: tuple[tuple[tuple[str, str, str], str], ...],
):
    with project.edited(*(edit for edit, _ in defects)):
        findings = check()

    for (file, _, _), said in defects:
        [finding] = [finding for finding in findings if file in finding]
        assert said in finding
    assert len(findings) == len(defects)


def test_a_parameter_that_is_not_in_the_settings_is_named_with_its_model(
    project: ProjectCopy, check: Callable[[], list[str]]
):
    with project.edited((LAPSED, "'lapsed_buyer_days'", "'lapsed_days'")):
        [finding] = check()

    assert finding.startswith(f"{LAPSED}: parameter 'lapsed_days' is not in [parameters]")
    assert "lapsed_buyer_days" in finding


def test_the_project_itself_has_nothing_wrong(check: Callable[[], list[str]]):
    assert check() == []
