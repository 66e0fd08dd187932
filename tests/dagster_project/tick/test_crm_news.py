"""Which contacts a CRM export may concern, by the values of its changed rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from dagster_project.home.warehouse import SCHEMA_SQL
from dagster_project.tick import crm_news
from dagster_project.tick.crm_news import CrmNews

AS_OF = datetime(2026, 3, 2, 8, tzinfo=UTC)
LATE = AS_OF + timedelta(minutes=1)


class Company:
    """Three contacts with mail in the queue, and exports that landed before and after it."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        self.connection.execute(SCHEMA_SQL.read_text(encoding="utf-8"))
        self.connection.execute(
            """
            set timezone = 'UTC';
            create schema delivery;
            create schema contacts;
            create table delivery.files_seen (file_id varchar);
            create table delivery.send_queue as
                select unnest(['ada', 'bob', 'niko']) as contact_id,
                    unnest(['ada@x.org', 'bob@x.org', 'νικοσ@x.org']) as email;
            create table contacts.contacts as
                select unnest(['ada', 'bob']) as contact_id,
                    unnest(['hubspot:900', null]) as company_id;
            create table contacts.contact_identities as
                select unnest(['hubspot:101', 'ada@x.org', '003Ab', 'bob@x.org']) as key,
                    unnest(['ada', 'ada', 'bob', 'bob']) as contact_id;
            create table contacts.contact_addresses as
                select 'bob' as contact_id, 'bob.too@x.org' as address;
            create table raw.hubspot__contact (
                _file_id varchar, _file_no bigint, _line bigint, _received_at timestamptz,
                id varchar, email varchar, note varchar);
            create table raw.hubspot__company (
                _file_id varchar, _file_no bigint, _line bigint, _received_at timestamptz,
                id varchar, name varchar);
            create table raw.hubspot__email_event_status_change (
                _file_id varchar, _file_no bigint, _line bigint, _received_at timestamptz,
                id varchar, status varchar);
            """
        )
        self.files = 0

    def land(
        self, *rows: tuple[str | None, ...], table: str = "contact", at: datetime = LATE,
        seen: bool = False, full: bool = False, received_at: datetime | None = None,
        rejected: str | None = None,
    ) -> None:  # fmt: skip
        self.files += 1
        name = f"f{self.files}"
        self.connection.execute(
            """
            insert into raw.files by name select
                $id as file_id, $no as file_no, $id as path, $id as sha256,
                'crm/hubspot/' || $table as kind, 'hubspot__' || $table as table_name,
                $full as is_full, $rows as rows_landed, 0 as rows_duplicate, 0 as rows_rejected,
                0 as bytes, 0 as modified_ns, '' as mapping, []::varchar[] as notices,
                $at as landed_at
            """,
            {
                "id": name, "no": self.files, "table": table, "full": full, "rows": len(rows),
                "at": at,
            },
        )  # fmt: skip
        for line, row in enumerate(rows, 2):
            self.connection.execute(
                f"insert into raw.hubspot__{table} values (?, ?, ?, ?{', ?' * len(row)})",
                [name, self.files, line, received_at or at, *row],
            )
        if seen:
            self.connection.execute("insert into delivery.files_seen values (?)", [name])
        if rejected:
            self.connection.execute(
                "insert into raw.rejects values (?, 9, 'wrong', ?)", [name, rejected]
            )

    def concerned(self) -> set[str] | str:
        """The contacts that the exports concern, or the kind of an export that concerns all."""
        found = crm_news.read(self.connection, AS_OF, CrmNews())
        assert crm_news.read(self.connection, AS_OF, found) is found, "read again without need"
        return found.all_mail or set(found.contacts)


ROWS = {
    "an id": (("101", None, None), {"ada"}),
    "an id in any case": (("003aB", None, None), {"bob"}),
    "an address": (("7", "bob@x.org", None), {"bob"}),
    "an address in capitals with blanks": (("7", "  BOB@X.ORG ", None), {"bob"}),
    "an address in another column": (("7", "new@x.org", "was bob@x.org before"), {"bob"}),
    "a name and an address": (("7", "Bob <bob@x.org>", None), {"bob"}),
    "several addresses": (("7", "ada@x.org;bob@x.org", None), {"ada", "bob"}),
    "a formula of Excel": (("7", None, '="bob@x.org"'), {"bob"}),
    "several ids": (("7", "new@x.org", "merged 101;102"), {"ada"}),
    "Greek capitals": (("7", "ΝΙΚΟΣ@X.ORG", None), {"niko"}),
    "the id of the company": (("7", "new@x.org", "900"), {"ada"}),
    "a second address": (("7", "bob.too@x.org", None), {"bob"}),
    "a new person": (("7", "new@x.org", None), set()),
    "part of an address": (("7", "xbob@x.org", None), set()),
    "part of an id": (("1010", "new@x.org", None), set()),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_row_concerns_the_contacts_that_it_names(name: str):
    row, concerned = ROWS[name]
    company = Company()
    company.land(row)
    assert company.concerned() == concerned


def test_a_row_that_stands_unchanged_in_the_export_before_concerns_no_contact():
    company = Company()
    company.land(("101", "ada@x.org", "a"), ("003Ab", "bob@x.org", "b"), seen=True, at=AS_OF)
    company.land(("101", "ada@x.org", "a"), ("003Ab", "bob@x.org", "changed"))
    assert company.concerned() == {"bob"}


def test_a_row_that_went_back_to_an_older_version_is_changed():
    company = Company()
    company.land(("101", "ada@x.org", "old"), seen=True, at=AS_OF)
    company.land(("101", "ada@x.org", "new"), seen=True, at=AS_OF)
    company.land(("101", "ada@x.org", "old"))
    assert company.concerned() == {"ada"}


def test_a_full_snapshot_also_concerns_the_contacts_that_it_lacks():
    company = Company()
    rows = [("101", "ada@x.org", "a"), ("003Ab", "bob@x.org", "b")]
    company.land(*rows, seen=True, at=AS_OF, full=True)
    company.land(rows[0], full=True)
    assert company.concerned() == {"bob"}


def test_a_first_full_snapshot_holds_all_mail():
    company = Company()
    company.land(("101", "ada@x.org", "a"), full=True)
    assert company.concerned() == "crm/hubspot/contact"


def test_a_rejected_line_concerns_the_contacts_that_it_names():
    company = Company()
    company.land(("7", "new@x.org", None), rejected='003Ab,"bob@x.org",x,y,z')
    assert company.concerned() == {"bob"}


def test_rows_that_name_no_contact_and_no_address_hold_all_mail_unless_they_are_no_persons():
    company = Company()
    company.land(("55", "Acme"), table="company")
    assert company.concerned() == set()
    company.land(("c1", "UNSUBSCRIBED"), table="email_event_status_change")
    assert company.concerned() == "crm/hubspot/email_event_status_change"


def test_a_file_that_the_models_have_read_is_no_news():
    company = Company()
    company.land(("101", "ada@x.org", "a"), seen=True, at=AS_OF)
    assert company.concerned() == set()


def test_rows_that_the_clock_does_not_know_are_news_also_in_a_file_that_had_landed():
    company = Company()
    company.land(("101", "ada@x.org", "a"), seen=True, received_at=AS_OF)
    assert company.concerned() == set()
    company.land(("003Ab", "bob@x.org", "b"), seen=True)
    assert company.concerned() == {"bob"}
