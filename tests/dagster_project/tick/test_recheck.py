"""The last look before the dispatch finds the contact of a fresh refusal in any spelling."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import duckdb
import pytest

from dagster_project.home import warehouse
from dagster_project.home.settings import load_settings
from dagster_project.tick import recheck
from dagster_project.tick.recheck import News

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 3, 1, tzinfo=UTC)
# What the models keep of the last tick: the addresses of contacts in their normal form.
CONTACTS = {
    "ann": "ann@x.example",
    "nikos": "νικος@x.example",
    "ipek": "ipek@x.example",
    "juergen": "jürgen@xn--bcher-kva.example",
    "second": "second@x.example",
}


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The tables that the last look reads, with one file that the queue was built without."""
    path: Path = tmp_path_factory.mktemp("recheck") / "warehouse.duckdb"
    warehouse.create(path)
    with warehouse.connect(path) as connection:
        for schema in ("contacts", "delivery", "mail"):
            connection.execute(f"create schema {schema}")
        connection.execute("create table delivery.files_seen (file_id varchar)")
        connection.execute("create table mail.decided_sends (send_id varchar, contact_id varchar)")
        connection.execute("create table delivery.send_queue (contact_id varchar, email varchar)")
        connection.execute(
            "create table contacts.contact_identities (key varchar, contact_id varchar)"
        )
        connection.execute(
            "create table contacts.contact_addresses (address varchar, contact_id varchar)"
        )
        for contact, email in CONTACTS.items():
            table = "contact_addresses" if contact == "second" else "contact_identities"
            connection.execute(f"insert into contacts.{table} values (?, ?)", [email, contact])
        connection.execute(
            """insert into raw.files by name
            select 'f' as file_id, 1 as file_no, 'f' as path, 'f' as sha256, 'events' as kind,
                false as is_full, 1 as rows_landed, 0 as rows_duplicate, 0 as rows_rejected,
                1 as bytes, 1 as modified_ns, '' as mapping, [] as notices, now() as landed_at"""
        )
        yield connection


@pytest.mark.parametrize(
    ("written", "contact"),
    [
        ("ANN@X.example ", "ann"),
        ("Ann <ann@x.example>", "ann"),
        ("bob@y.example; ann@x.example", "ann"),
        ("mailto:ann@x.example", "ann"),
        ("'ann@x.example", "ann"),
        ('="ann@x.example"', "ann"),
        ("ann@x.example.", "ann"),
        ("ann at x.example", "ann"),
        ("\u200bann@x.example\u00a0", "ann"),
        ("ΝΙΚΟΣ@x.example", "nikos"),
        ("νικος@x.example", "nikos"),
        ("νικοσ@X.EXAMPLE", "nikos"),
        ("İPEK@x.example", "ipek"),
        ("I\u0307pek@x.example", "ipek"),
        ("JU\u0308RGEN@BÜCHER.example", "juergen"),
        ("jürgen@xn--bcher-kva.example", "juergen"),
        ("Second <second@x.example>", "second"),
        ("annika@x.example", None),
    ],
)
@pytest.mark.parametrize("place", ["tracking", "events"])
def test_a_fresh_refusal_holds_the_mail_of_its_contact(
    connection: duckdb.DuckDBPyConnection,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    written: str,
    contact: str | None,
):
    monkeypatch.setattr(recheck, "land_new", lambda *_: None)
    connection.execute("begin")
    connection.execute("insert into control.clock values (?, true)", [NOW])
    if place == "tracking":
        connection.execute(
            """insert into raw.tracking by name
            select 't' as event_id, $email as email, 'unsubscribed' as type, $at as occurred_at,
                $at as received_at, '{}' as detail, 'test' as provider, 'f' as file_id,
                1 as file_no, 1 as event_hash""",
            {"email": written, "at": NOW},
        )
    else:
        connection.execute(
            """insert into raw.events by name
            select 'e' as event_id, $key as contact_key, 'unsubscribed' as name,
                $at as occurred_at, $at as received_at, '{}' as properties, 'f' as file_id,
                1 as file_no, 1 as event_hash""",
            {"key": written, "at": NOW},
        )
    news = News()
    news.update(connection, load_settings(), NOW)
    connection.execute("rollback")
    held = {one for one in CONTACTS if news.about(one)}
    assert held == ({contact} if contact else set())
