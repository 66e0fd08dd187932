"""A journal that is lost, foreign or restored from a backup stops every tick until its adoption."""

from __future__ import annotations

import shutil
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from dagster_project.home import warehouse
from dagster_project.home.settings import DEMO_MARKER, Settings, SettingsError, load_settings
from dagster_project.home.warehouse import Clock, JournalRefusedError
from dagster_project.tick import adoption, journal
from dagster_project.tick.dispatch import dispatch_due
from dagster_project.tick.pairing import Known, pair, why_refused
from senders.base import Outcome
from senders.journal import Journal, State
from tests.support.home import Home, finish

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)

NEW = Known(None, is_paired=False, seen=0, tries=0, has_ticked=False)
OFFERED = Known("m", is_paired=False, seen=0, tries=0, has_ticked=False)
EARLIER = Known(None, is_paired=False, seen=0, tries=5, has_ticked=True)
TICKED_ONCE = Known(None, is_paired=False, seen=0, tries=0, has_ticked=True)
PAIRED = Known("m", is_paired=True, seen=7, tries=5, has_ticked=True)


@pytest.mark.parametrize("is_own", [True, False])
@pytest.mark.parametrize(
    ("known", "found", "lacking", "problem"),
    [
        (NEW, None, 0, None),
        (OFFERED, None, 0, None),
        (OFFERED, State("m", 0, 0), 0, None),
        (EARLIER, State(None, 0, 5), 0, None),
        (EARLIER, State(None, 0, 9), 0, None),
        (EARLIER, State("m", 9, 9), 0, None),
        (NEW, State(None, 0, 0), 0, None),
        (PAIRED, State("m", 7, 5), 0, None),
        (PAIRED, State("m", 9, 6), 0, None),
        (EARLIER, None, 0, "is missing"),
        (TICKED_ONCE, None, 0, "is missing"),
        (PAIRED, None, 0, "is missing"),
        (EARLIER, State(None, 0, 3), 2, "lacks 2 of the 5 tries in raw.attempts"),
        (EARLIER, State("m", 3, 3), 5, "lacks 5 of the 5 tries in raw.attempts"),
        (PAIRED, State(None, 0, 5), 0, "is of an earlier version than the warehouse"),
        (PAIRED, State("other", 9, 5), 0, "belongs to another installation"),
        (PAIRED, State("other", 0, 0), 0, "belongs to another installation"),
        (PAIRED, State("m", 6, 5), 0, "ends at change 6, but the warehouse has seen change 7"),
        (PAIRED, State("m", 0, 0), 0, "ends at change 0, but the warehouse has seen change 7"),
    ],
)
def test_a_journal_is_accepted_or_refused_with_the_reason(
    known: Known, found: State | None, lacking: int, problem: str | None, is_own: bool
):
    assert why_refused(known, found, lacking, is_own=is_own) == problem


@pytest.mark.parametrize(
    "found", [State("m", 9, 9), State("m", 0, 0), State(None, 0, 9)], ids=["used", "new", "earlier"]
)
def test_a_new_warehouse_takes_a_used_journal_from_its_own_folder_only(found: State):
    assert why_refused(NEW, found, 0, is_own=True) is None
    problem = "belongs to another installation, or the warehouse is lost"
    assert why_refused(NEW, found, 0, is_own=False) == problem


# What a dispatch reads; "b" and "d" are due, and both are in the journal.
BUILT = """
    create schema delivery;
    create table delivery.send_queue as
    select
        send_id, 'c-' || send_id as contact_id, send_id || '@x.example' as email, 'q' as sequence,
        's' as step, 'default' as variant, 'activation/welcome' as template,
        timestamptz '2026-03-02 08:00:00+00' as scheduled_at,
        timestamptz '2026-03-03 08:00:00+00' as expires_at, 1 as priority, '{}' as personalization
    from (values ('b'), ('d')) as due(send_id);
    create table delivery.files_seen as from raw.files;
    create table delivery.unknown_sends as
    select send_id, attempt, null as evidence, started_at from raw.attempts limit 0;
    create schema mail;
    create table mail.decided_sends (send_id varchar, contact_id varchar);
    create schema contacts;
    create table contacts.contact_identities (key varchar, contact_id varchar);
    create table contacts.contact_addresses (address varchar, contact_id varchar);
"""


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation that has sent "a", "b" and "d"; its warehouse has loaded "a" only."""
    settings = _paired(tmp_path_factory.mktemp("once") / "home")
    with warehouse.connect(settings.warehouse_path) as connection:
        warehouse.set_clock(connection, Clock(NOW, is_simulated=True))
    _send(settings, "a")
    journal.load(settings)
    with warehouse.connect(settings.warehouse_path) as connection:
        connection.execute(BUILT)
    _send(settings, "b")
    _send(settings, "d")
    assert dispatch_due(settings).skipped == {"journal": 2}
    return settings.home


@pytest.fixture
def settings(once: Path, tmp_path: Path) -> Settings:
    return load_settings(home=shutil.copytree(once, tmp_path / "home"))


def _paired(folder: Path, **more: str) -> Settings:
    settings = load_settings(home=folder, **more)
    warehouse.create(settings.warehouse_path)
    pair(settings)
    return settings


def _send(settings: Settings, send_id: str, status: str = "sent") -> None:
    with closing(Journal(settings.journal_address)) as own:
        attempt = own.claim(
            send_id, sender="file", message_id="<m@x>", email_hash="h", started_at=NOW,
            max_attempts=5,
        )  # fmt: skip
        assert attempt == 1
        own.record(send_id, 1, Outcome(status), finished_at=NOW, next_try_at=NOW)


def _send_more(settings: Settings) -> None:
    """Another send that the warehouse has seen and not loaded."""
    with warehouse.connect(settings.warehouse_path) as connection:
        connection.execute("update delivery.send_queue set send_id = 'e' where send_id = 'd'")
    _send(settings, "e")
    dispatch_due(settings)


def _tries(settings: Settings) -> dict[str, str]:
    with warehouse.connect(settings.warehouse_path) as connection:
        return dict(connection.execute("select send_id, status from raw.attempts").fetchall())


def _journal_file(settings: Settings) -> Path:
    return settings.home / "journal.sqlite"


def _remove(settings: Settings) -> None:
    for path in settings.home.glob("journal.sqlite*"):
        path.unlink()


def _replace_by_new(settings: Settings) -> None:
    _remove(settings)
    with closing(Journal(settings.journal_address)) as other:
        other.create()


def _truncate(settings: Settings) -> None:
    _remove(settings)
    _journal_file(settings).touch()


def _forget_a_try(settings: Settings) -> None:
    with closing(Journal(settings.journal_address)) as own, own._engine.begin() as connection:
        connection.exec_driver_sql("delete from attempts where send_id = 'a'")


def _overwrite(settings: Settings) -> None:
    _remove(settings)
    _journal_file(settings).write_text("no database, " * 1000, encoding="utf-8")


def _name_another(settings: Settings) -> None:
    settings.journal_url = f"sqlite:///{settings.home / 'elsewhere' / 'journal.sqlite'}"


def _name_another_installations(settings: Settings) -> None:
    other = _paired(settings.home.with_name("other"))
    settings.journal_url = other.journal_address


@pytest.mark.parametrize(
    ("harm", "problem"),
    [
        (_remove, "is missing"),
        (_truncate, "is missing"),
        (_replace_by_new, "belongs to another installation"),
        (_name_another, "is missing"),
        (_name_another_installations, "belongs to another installation"),
        (_overwrite, "file is not a database"),
    ],
)
def test_no_tick_runs_without_the_journal_of_the_warehouse(
    settings: Settings, harm: Callable[[Settings], None], problem: str
):
    harm(settings)
    for step in (pair, journal.load, dispatch_due):
        with pytest.raises(JournalRefusedError, match=problem) as caught:
            step(settings)
        assert "\n" not in str(caught.value)
        assert "--adopt-journal" in str(caught.value) or "backup" in str(caught.value)
    assert not (settings.home / "elsewhere").exists()
    assert _tries(settings) == {"a": "sent"}


def test_a_journal_of_an_older_backup_is_refused(settings: Settings):
    backup = settings.home / "backup"
    shutil.copy(_journal_file(settings), backup)  # the write-ahead log is empty after a close
    _send_more(settings)
    _remove(settings)
    shutil.copy(backup, _journal_file(settings))
    with pytest.raises(JournalRefusedError, match=r"ends at change 6, .* has seen change 8"):
        pair(settings)


def test_a_journal_that_lost_a_try_is_refused_and_nothing_of_it_is_loaded(settings: Settings):
    _forget_a_try(settings)
    with pytest.raises(JournalRefusedError, match="has 2 tries, but the warehouse has 3"):
        journal.load(settings)
    assert _tries(settings) == {"a": "sent"}


@pytest.mark.parametrize(
    "harm", [_remove, _truncate, _replace_by_new, _name_another, _name_another_installations]
)
def test_an_adopted_journal_repeats_no_send(settings: Settings, harm: Callable[[Settings], None]):
    harm(settings)
    assert adoption.adopt(settings) == 2
    assert adoption.adopt(settings) == 0
    pair(settings)
    journal.load(settings)
    assert _tries(settings) == {"a": "sent", "b": "unknown", "d": "unknown"}
    assert dispatch_due(settings).skipped == {"journal": 2}
    assert not [*settings.outbox_dir.rglob("*.eml")]


def test_an_adopted_older_backup_keeps_what_it_knows(settings: Settings):
    backup = settings.home / "backup"
    shutil.copy(_journal_file(settings), backup)
    _send_more(settings)
    _remove(settings)
    shutil.copy(backup, _journal_file(settings))
    assert adoption.adopt(settings) == 1
    journal.load(settings)
    assert _tries(settings) == {"a": "sent", "b": "sent", "d": "sent", "e": "unknown"}


def test_a_deferred_send_of_a_lost_journal_is_in_doubt_when_it_was_due(settings: Settings):
    with warehouse.connect(settings.warehouse_path) as connection:
        connection.execute(
            f"""insert into raw.attempts by name
            select 'b' as send_id, 1 as attempt, 'deferred' as status, 'smtp' as sender,
                '<m@x>' as message_id, timestamptz '{NOW}' as started_at,
                timestamptz '{NOW}' as finished_at, timestamptz '{NOW}' as next_try_at,
                timestamptz '{NOW}' as updated_at
            union all
            select 'd', 1, 'deferred', 'smtp', '<m@x>', timestamptz '{NOW}', timestamptz '{NOW}',
                timestamptz '{NOW + timedelta(hours=1)}', timestamptz '{NOW}'"""
        )
    _remove(settings)
    assert adoption.adopt(settings) == 1
    with closing(Journal(settings.journal_address)) as own:
        tries = [
            (row["send_id"], row["attempt"], row["status"]) for row in own.changed_since().rows
        ]
    assert sorted(tries) == [
        ("a", 1, "sent"), ("b", 1, "deferred"), ("b", 2, "unknown"), ("d", 1, "deferred")
    ]  # fmt: skip


def test_a_lost_warehouse_takes_the_tries_of_the_journal_in_its_folder(settings: Settings):
    settings.warehouse_path.unlink()
    _paired(settings.home)
    with warehouse.connect(settings.warehouse_path) as connection:
        warehouse.set_clock(connection, Clock(NOW, is_simulated=True))
    journal.load(settings)
    assert _tries(settings) == {"a": "sent", "b": "sent", "d": "sent"}


def test_a_warehouse_of_an_older_backup_catches_up(settings: Settings, tmp_path: Path):
    shutil.copy(settings.warehouse_path, tmp_path / "backup")
    journal.load(settings)
    _send(settings, "e")
    shutil.copy(tmp_path / "backup", settings.warehouse_path)
    pair(settings)
    journal.load(settings)
    assert _tries(settings) == {"a": "sent", "b": "sent", "d": "sent", "e": "sent"}


def test_one_journal_serves_one_installation_unless_a_second_adopts_it(tmp_path: Path):
    shared = f"sqlite:///{tmp_path / 'shared.sqlite'}"
    first = _paired(tmp_path / "first", journal_url=shared)
    with pytest.raises(JournalRefusedError, match="another installation"):
        _paired(tmp_path / "second", journal_url=shared)
    second = load_settings(home=tmp_path / "second", journal_url=shared)
    assert adoption.adopt(second) == 0
    pair(second)
    pair(first)


@pytest.mark.parametrize("is_created", [True, False])
def test_a_process_that_dies_between_the_two_marks_leaves_no_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_created: bool
):
    create = Journal.create

    def die(self: Journal, mark: str | None = None) -> State:
        if is_created:
            create(self, mark)
        raise KeyboardInterrupt

    shared = f"sqlite:///{tmp_path / 'shared.sqlite'}"
    monkeypatch.setattr(Journal, "create", die)
    with pytest.raises(KeyboardInterrupt):
        _paired(tmp_path / "home", journal_url=shared)
    monkeypatch.undo()
    _paired(tmp_path / "home", journal_url=shared)


def test_an_installation_of_an_earlier_version_is_paired(settings: Settings):
    with warehouse.connect(settings.warehouse_path) as connection:
        connection.execute("drop table control.journal")
    with closing(Journal(settings.journal_address)) as own, own._engine.begin() as connection:
        connection.exec_driver_sql("drop table journal")
        connection.exec_driver_sql("drop index attempts_change_no")
        connection.exec_driver_sql("alter table attempts drop column change_no")
        # Another machine wrote this try; its clock is a year behind.
        connection.exec_driver_sql(
            "update attempts set updated_at = '2025-01-01 00:00:00.000000' where send_id = 'b'"
        )
    warehouse.create(settings.warehouse_path)
    pair(settings)
    journal.load(settings)
    assert _tries(settings) == {"a": "sent", "b": "sent", "d": "sent"}
    _remove(settings)
    with pytest.raises(JournalRefusedError, match="is missing"):
        pair(settings)


def test_the_demo_keeps_its_journal_in_its_folder(tmp_path: Path):
    settings = load_settings(home=tmp_path, journal_url=f"sqlite:///{tmp_path / 'real.sqlite'}")
    assert settings.journal_address.endswith("real.sqlite")
    (tmp_path / DEMO_MARKER).touch()
    assert settings.journal_address.endswith("journal.sqlite")


@pytest.mark.parametrize(
    "address", ["journal.sqlite", "postgres://user@host/name", "oracle://user@host/name", ""]
)
def test_an_invalid_address_of_the_journal_is_named_with_an_example(
    settings: Settings, address: str
):
    settings.journal_url = address
    with pytest.raises(SettingsError, match=r"journal_url.*example: postgresql"):
        pair(settings)


def test_a_server_that_does_not_answer_is_one_line_without_the_password(settings: Settings):
    settings.journal_url = "postgresql+psycopg://user:secret@127.0.0.1:1/name"
    with pytest.raises(JournalRefusedError, match="cannot be used") as caught:
        pair(settings)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_the_commands_say_what_to_do_and_init_adopts(settings: Settings):
    home = Home(settings.home)
    _remove(settings)
    for command in (["tick"], ["init"]):
        refused = finish(home.start(*command))
        assert refused.code == 1
        # The lines before say that the home was open to other users.
        [*_, line] = refused.err.splitlines()
        assert line.startswith(f"error: the journal {home.folder / 'journal.sqlite'} is missing; ")
        assert "sendhouse init --adopt-journal" in line
    adopted = finish(home.start("init", "--adopt-journal", "--json"))
    assert adopted.report["unknown"] == 2
