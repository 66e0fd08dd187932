"""Triggers on real data: the clicks of a shop, and every change of the clocks."""

from __future__ import annotations

from collections import defaultdict
from csv import DictReader
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import duckdb
import pytest

from dagster_project.project import dbt
from tests.senders.senders_support import SHARED_DATA
from tests.support.home import Home
from tests.support.project_copy import ProjectCopy

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SHOP = SHARED_DATA / "webshop" / "events.csv"
EDGES = SHARED_DATA / "tz" / "dst_edges_2024_2027.csv"
TICKS = [datetime(2024, month, 2, tzinfo=UTC) for month in (2, 4, 5, 7)]

SETTINGS = """
[identity]
from_name = "The web shop"
from_email = "hello@shop.example"
postal_address = "1 Market Square, Springfield"
list_id = "news.shop.example"

[parameters]
trial_days = 30

[sources.clicks]
as = "events"
path = "{shop}"
columns = {{ contact_key = "user_id", name = "event", occurred_at = "timestamp" }}
timezone = "UTC"
received_at = "occurred_at"
"""
TRIGGERS = {
    "cart_abandoned": "absence_trigger(after='add_to_cart', missing='purchase', within='24 hours')",
    "busy": "threshold_trigger('events_30d', reaches=20, rearm=5)",
    "renews": "date_trigger('company_renewal_on')",
}
# The models that firings need; no model that depends on firings.
SELECTED = ("+trigger_firings", "+trigger_rearms")

# The abandoned carts, computed from the file alone. Within one second the lines have an order.
LINES = f"(select *, row_number() over () as line from '{SHOP}')"
ABANDONED = f"""
    from {LINES} as cart
    where event = 'add_to_cart' and not exists (
        select 1 from {LINES} as bought
        where bought.event = 'purchase' and bought.user_id = cart.user_id
            and (bought.timestamp, bought.line) > (cart.timestamp, cart.line)
            and bought.timestamp <= cart.timestamp + interval 24 hour)
"""
# The number of events per user in the 30 UTC days up to an instant.
ACTIVITY = f"""
    select user_id, count(*)
    from (select distinct * from '{SHOP}')
    where timestamp <= $now::timestamp and timestamp::date > $now::date - 30
    group by user_id
"""


class Shop(NamedTuple):
    home: Home
    firings: dict[str, list[tuple[str, datetime, datetime]]]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Half a year of clicks in four ticks; one more tick dies after it builds a trigger."""
    if not SHOP.is_file():
        pytest.skip("the real data sets are missing (../shared/data/webshop)")
    folder = tmp_path_factory.mktemp("shop")
    settings = folder / "shop.toml"
    settings.write_text(SETTINGS.format(shop=SHOP), encoding="utf-8")
    home = Home(
        folder / "home",
        SENDHOUSE_CONFIG=str(settings),
        SENDHOUSE_PROJECT_DIR=str(_project(folder / "project")),
        SENDHOUSE_EXAMPLE="",
    )
    for as_of in TICKS:
        if as_of == TICKS[1]:
            home.decide(as_of - timedelta(days=1), "+cart_abandoned")
        home.decide(as_of, *SELECTED)
    decided = home.rows(
        "select trigger, contact_id, fired_at, decided_at from decisions.trigger_firings "
        "order by all"
    )
    firings: defaultdict[str, list[tuple[str, datetime, datetime]]] = defaultdict(list)
    for trigger, *firing in decided:
        firings[trigger].append(tuple(firing))
    return Shop(home, dict(firings))


def _project(folder: Path) -> Path:
    """The project with these triggers, without the example."""
    project = ProjectCopy(folder)
    for name, call in TRIGGERS.items():
        (folder / "models/triggers" / f"{name}.sql").write_text(f"{{{{ {call} }}}}\n", "utf-8")
    return project.folder


@pytest.mark.shared_data
def test_each_cart_abandoned_for_a_day_fires_once_in_the_next_tick(shop: Shop):
    fired = shop.firings["cart_abandoned"]
    expected = duckdb.execute(f"select user_id, timestamp + interval 24 hour {ABANDONED}")
    by_file = sorted((user, at.replace(tzinfo=UTC)) for user, at in expected.fetchall())

    assert [(user, at) for user, at, _ in fired] == by_file
    assert len(fired) == 962
    assert len({user for user, _, _ in fired}) == 467
    # The dead tick decided no firing. The first tick after the due instant decides each firing.
    for _, fired_at, decided_at in fired:
        assert decided_at == min(tick for tick in TICKS if tick > fired_at)


@pytest.mark.shared_data
def test_a_threshold_fires_again_only_after_the_value_falls_to_the_rearm_level(
    shop: Shop,
):
    crossed: list[tuple[str, datetime, datetime]] = []
    rearmed: list[tuple[str, datetime]] = []
    beyond: set[str] = set()
    for tick in TICKS:
        rows = duckdb.execute(ACTIVITY, {"now": tick.replace(tzinfo=None)}).fetchall()
        events: dict[str, int] = dict(rows)
        over = {user for user in beyond if events.get(user, 0) <= 5}
        new = {user for user, count in events.items() if count >= 20} - beyond
        rearmed += [(user, tick) for user in over]
        crossed += [(user, tick, tick) for user in new]
        beyond = beyond - over | new

    assert shop.firings["busy"] == sorted(crossed)
    assert len(crossed) > len({user for user, _, _ in crossed}) > 100
    assert shop.home.rows(
        "select contact_id, decided_at from decisions.trigger_rearms order by all"
    ) == sorted(rearmed)


class Edge(NamedTuple):
    """A change of the clocks."""

    zone: str
    at: datetime
    before: datetime
    after: datetime
    offset_before: timedelta
    offset_after: timedelta

    @property
    def inside(self) -> datetime:
        """The middle of the local times that the change skips or repeats."""
        first, last = sorted((self.before, self.after))
        return first + (last - first) / 2

    def instant(self, local: datetime) -> datetime:
        """The first instant near this change at which the clocks show or pass a local time."""
        as_before = local.replace(tzinfo=UTC) - self.offset_before
        as_after = local.replace(tzinfo=UTC) - self.offset_after
        return as_before if as_before < self.at else max(as_after, self.at)


def _edges() -> list[Edge]:
    with EDGES.open(encoding="utf-8") as file:
        return [
            Edge(
                row["zone"],
                datetime.fromisoformat(row["transition_utc"]),
                datetime.fromisoformat(row["local_before"]),
                datetime.fromisoformat(row["local_after"]),
                timedelta(minutes=int(row["offset_before_min"])),
                timedelta(minutes=int(row["offset_after_min"])),
            )
            for row in DictReader(file)
        ]


@pytest.mark.shared_data
def test_a_date_fires_once_on_the_right_day_when_the_clocks_change(shop: Shop):
    with shop.home.settings() as settings:
        sql = dbt.rendered(settings, "renews")[-1].code
    edges = _edges()
    assert len(edges) == 150
    # At nine on the day of the change, and at the skipped or repeated time of day.
    wanted: defaultdict[str, list[tuple[Edge, datetime]]] = defaultdict(list)
    for edge in edges:
        for day in {edge.before.date(), edge.after.date()}:
            nine = datetime.combine(day, datetime.min.time()).replace(hour=9)
            wanted["09:00"].append((edge, nine))
        wanted[f"{edge.inside:%H:%M}"].append((edge, edge.inside))
    assert len(wanted) > 5

    for time, cases in wanted.items():
        due = [edge.instant(local) for edge, local in cases]
        ticks = _ticks(due)
        fired = _fired(sql.replace("time '09:00'", f"time '{time}'"), cases, ticks)
        # Every tick within a day after the due instant gives the same one firing.
        assert fired == [
            (number, at, 1, sum(at <= tick < at + timedelta(days=1) for tick in ticks))
            for number, at in enumerate(due)
        ]


def _ticks(due: Iterable[datetime]) -> list[datetime]:
    """Each hour around each due instant, one second before it, and a day less a second after it."""
    steps = [timedelta(hours=hours) for hours in range(-30, 31)]
    steps += [timedelta(seconds=-1), timedelta(days=1, seconds=-1)]
    return sorted({at + step for at in due for step in steps})


def _fired(
    sql: str, cases: list[tuple[Edge, datetime]], ticks: list[datetime]
) -> list[tuple[int, datetime, int, int]]:
    """Per case number: the instant of the firing, the firings, and the ticks that give a firing."""
    with duckdb.connect() as connection:
        connection.execute(TABLES)
        connection.execute("insert into warehouse.control.clock select unnest(?)", [ticks])
        connection.executemany(
            "insert into warehouse.contacts.contact_features values (?, ?, ?)",
            [[str(n), edge.zone, local.date()] for n, (edge, local) in enumerate(cases)],
        )
        return connection.execute(
            "select contact_id::int, any_value(fired_at), count(distinct (occurrence, fired_at)), "
            f"count(*) from ({sql}) group by all order by all"
        ).fetchall()


# The tables that the compiled trigger reads.
TABLES = """
    set timezone = 'UTC';
    attach ':memory:' as warehouse;
    create schema warehouse.control;
    create table warehouse.control.clock (as_of timestamptz);
    create table warehouse.control.watermarks (model varchar, as_of timestamptz, file_no bigint);
    create schema warehouse.contacts;
    create table warehouse.contacts.contact_features
        (contact_id varchar, timezone varchar, company_renewal_on date);
    create schema warehouse.identity;
    create table warehouse.identity.contact_aliases
        (contact_id varchar, canonical_id varchar, evidence varchar);
    create schema warehouse.decisions;
    create table warehouse.decisions.trigger_firings
        (firing_id varchar, trigger varchar, contact_id varchar, fired_at timestamptz);
"""
