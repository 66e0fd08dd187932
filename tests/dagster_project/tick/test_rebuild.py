"""All tables except raw, control and decisions can be dropped and rebuilt with the same rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_project.project import dbt
from dagster_project.tick import installation
from tests.support.home import finish
from tests.support.small_company import SECOND

if TYPE_CHECKING:
    from tests.conftest import Undisturbed
    from tests.support.home import Home, Rows

KEPT = ("raw", "control", "decisions")
COMPARED = (
    "staging",
    "input",
    "identity",
    "contacts",
    "activity",
    "mail",
    "proposals",
    "segments",
    "scores",
    "triggers",
    "sequences",
    "broadcasts",
    "delivery",
    "funnels",
    "ledger",
)


def test_derived_tables_are_rebuilt_the_same_from_raw_and_decisions(
    settled: Home, undisturbed: Undisturbed
):
    before = _derived(settled)
    assert len(before) > 25
    _drop_derived(settled)
    with settled.settings() as settings:
        installation.create(settings)  # the tables that only backfills fill
        dbt.raise_for(dbt.build(settings, with_tests=False))
    assert settled.tables(*COMPARED) == before
    assert settled.decided() == undisturbed.decided


def test_a_full_refresh_leaves_the_decisions_as_they_were(settled: Home, undisturbed: Undisturbed):
    before = _derived(settled)
    target = str(settled.folder / "full-refresh")
    options = ["--target-path", target, "--log-path", target]
    options += ["--exclude-resource-type", "unit_test"]
    built = finish(settled.start_dbt("build", "--full-refresh", *options))
    assert built.code == 0, built.out
    assert settled.decided() == undisturbed.decided
    assert settled.tables(*COMPARED) == before
    # The next tick looks at every model again, and makes this one from nothing.
    assert settled.rows("select distinct code from control.builds") == [("",)]
    totals = "select definition from control.builds where relation = 'activity.contact_totals'"
    assert settled.rows(totals) == [("forgotten",)]


def _derived(home: Home) -> dict[str, Rows]:
    """The derived tables, built after all decisions and sends of the tick are on record.

    During a tick, delivery.send_candidates holds the sends that expire in that tick, so that their
    expiry is recorded. A later build drops these sends from the candidates.
    """
    home.decide(SECOND)
    return home.tables(*COMPARED)


def _drop_derived(home: Home) -> None:
    for (schema,) in home.rows(
        "select distinct schema_name from duckdb_schemas() "
        "where not internal and database_name = current_database()"
    ):
        if schema not in (*KEPT, "main"):
            home.rows(f'drop schema "{schema}" cascade')
    # The only object in the schema that is a view and not a table of decisions.
    home.rows("drop view decisions.enrollments")
