"""The gallery's segments in PostgreSQL, each as a separate query on indexed tables.

PostgreSQL has advantages: its events, sends and hits name their contact, hits of machines are left
out, and consent is already computed. A separate server on loopback does not wait for the disk.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from benchmarks import _population

if TYPE_CHECKING:
    from collections.abc import Mapping

# For 2 cores and 16 GB of memory or more: a quarter of the memory as PostgreSQL's cache, sorts and
# hashes in memory, both cores. JIT compilation would take longer than it saves.
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "shared_buffers": "4GB",
    "effective_cache_size": "8GB",
    "work_mem": "512MB",
    "maintenance_work_mem": "1GB",
    "max_parallel_workers_per_gather": "2",
    "max_wal_size": "8GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "random_page_cost": "1.1",
    "jit": "off",
    "fsync": "off",
    "synchronous_commit": "off",
}

# The columns in PostgreSQL, and the query on the warehouse that fills them.
_TABLES = {
    "companies": (
        "company_id text primary key, industry text, employees integer",
        "select company_id, industry, employees from contacts.companies",
    ),
    "contacts": (
        """contact_id text primary key, company_id text, job_title text, created_at timestamptz,
           lifecycle_stage text, consent text""",
        """select contact_id, company_id, job_title, created_at, lifecycle_stage, consent
           from contacts.contacts inner join contacts.contact_consent using (contact_id)
           where ended_at is null""",
    ),
    "deals": (
        "contact_id text, status text, closed_at timestamptz",
        "select contact_id, status, closed_at from contacts.current_deals where contact_id <> ''",
    ),
    "events": (
        "contact_id text, name text, occurred_at timestamptz",
        "select contact_id, name, occurred_at from activity.events where contact_id <> ''",
    ),
    "sends": (
        "send_id text primary key, contact_id text, sent_at timestamptz",
        """select send_id, contact_id, sent_at
           from mail.decided_sends inner join mail.send_attempts using (send_id)
           where sent_at is not null""",
    ),
    "hits": (
        "send_id text, contact_id text, type text, occurred_at timestamptz, url text",
        """select send_id, contact_id, type, occurred_at, url from mail.engagement
           where is_human and type in ('opened', 'clicked', 'replied') and contact_id <> ''""",
    ),
}

_INDEXES = (
    "create index on contacts (company_id)",
    "create index on contacts (created_at)",
    "create index on companies (industry, employees)",
    "create index on deals (contact_id, status)",
    "create index on events (contact_id, occurred_at)",
    "create index on events (name, occurred_at) include (contact_id)",
    "create index on events (name, contact_id, occurred_at)",
    "create index on sends (contact_id, sent_at)",
    "create index on hits (contact_id, occurred_at) include (type)",
    "create index on hits (type, occurred_at) include (contact_id, send_id)",
)

SEGMENTS: Mapping[str, str] = {
    "active_opportunity": """
        select contact_id from contacts
        where exists (
            select from deals
            where deals.contact_id = contacts.contact_id and deals.status = 'open'
        )
    """,
    "churned": """
        with bought as (
            select contact_id, max(at) as at
            from (
                select contact_id, occurred_at as at from events where name = 'purchase_completed'
                union all
                select contact_id, closed_at from deals where status = 'won'
            ) as purchases
            where at is not null
            group by contact_id
        ),
        cancelled as (
            select contact_id, max(occurred_at) as at from events
            where name = 'subscription_cancelled' group by contact_id
        )
        select contact_id
        from contacts
        left join bought using (contact_id)
        left join cancelled using (contact_id)
        where cancelled.at >= bought.at
            or (
                bought.at is null
                and regexp_replace(lower(lifecycle_stage), '[^a-z]', '', 'g')
                in ('churned', 'formercustomer')
            )
    """,
    "clicked_pricing": """
        select contact_id from contacts
        where contact_id in (
            select contact_id from hits
            where type = 'clicked' and url like '%%/pricing%%'
                and occurred_at >= %(as_of)s - %(pricing_click_days)s * interval '1 day'
        )
    """,
    "decision_makers": r"""
        select contact_id from contacts
        where lower(job_title)
            ~ '\y(chief|c[efiot]o|vp|vice president|head of|director|founder|owner)\y'
    """,
    "it_services_midsize": """
        select contact_id from contacts inner join companies using (company_id)
        where lower(industry) in ('it services', 'information technology & services', 'software')
            and employees between 50 and 200
    """,
    "lapsed_buyers": """
        select contact_id from contacts
        where contact_id in (
            select contact_id from events where name = 'purchase_completed' group by contact_id
            having max(occurred_at) < %(as_of)s - %(lapsed_buyer_days)s * interval '1 day'
        )
    """,
    "new_subscriber": """
        select contact_id from contacts
        where consent = 'opted_in'
            and created_at > %(as_of)s - %(new_subscriber_days)s * interval '1 day'
    """,
    "no_open_90_days": """
        select contact_id from contacts
        where contact_id in (
            select contact_id from sends group by contact_id
            having min(sent_at) <= %(as_of)s - interval '90 days'
                and max(sent_at) >= %(as_of)s - interval '90 days'
        )
        and not exists (
            select from hits
            where hits.contact_id = contacts.contact_id and type = 'opened'
                and occurred_at >= %(as_of)s - interval '90 days'
        )
    """,
    "opened_last_three": """
        with ranked as (
            select
                send_id, contact_id,
                row_number() over (
                    partition by contact_id order by sent_at desc, send_id
                ) as recency
            from sends
        )
        select contact_id from contacts
        where contact_id in (
            select contact_id from ranked
            where recency <= 3
                and send_id in (select send_id from hits where type = 'opened')
            group by contact_id having count(*) = 3
        )
    """,
    "power_user": """
        select contact_id from contacts
        where contact_id in (
            select contact_id from events
            where name = any(%(usage)s) and occurred_at >= %(day_30)s
            group by contact_id having count(*) >= %(power_user_events)s
        )
    """,
    "quiet_after_demo": """
        select contact_id from contacts
        where contact_id in (
            select contact_id from events
            where name = 'demo_booked'
                and occurred_at >= %(as_of)s - %(demo_days)s * interval '1 day'
        )
        and not exists (
            select from events
            where events.contact_id = contacts.contact_id
                and occurred_at >= %(as_of)s - %(quiet_days)s * interval '1 day'
        )
        and not exists (
            select from hits
            where hits.contact_id = contacts.contact_id
                and occurred_at >= %(as_of)s - %(quiet_days)s * interval '1 day'
        )
    """,
    "silent": """
        select contact_id from contacts
        where (
            exists (select from events where events.contact_id = contacts.contact_id)
            or exists (select from hits where hits.contact_id = contacts.contact_id)
        )
        and not exists (
            select from events
            where events.contact_id = contacts.contact_id
                and occurred_at >= %(as_of)s - %(silence_days)s * interval '1 day'
        )
        and not exists (
            select from hits
            where hits.contact_id = contacts.contact_id
                and occurred_at >= %(as_of)s - %(silence_days)s * interval '1 day'
        )
    """,
    "trial_accounts": """
        select contact_id from contacts
        where contact_id in (
            select contact_id from events where name = 'signed_up' group by contact_id
            having min(occurred_at) > %(as_of)s - %(trial_days)s * interval '1 day'
        )
        and not exists (
            select from events
            where events.contact_id = contacts.contact_id and name = 'purchase_completed'
        )
    """,
    "trial_setup_incomplete": """
        select contact_id from segment_trial_accounts as trials
        where exists (
            select from events
            where events.contact_id = trials.contact_id and name = 'signed_up'
                and occurred_at <= %(as_of)s - %(setup_days)s * interval '1 day'
        )
        and not exists (
            select from events
            where events.contact_id = trials.contact_id and name = 'setup_completed'
        )
    """,
    "usage_dropped": """
        with used as (
            select
                company_id,
                count(*) filter (where occurred_at >= %(day_30)s) as now,
                count(*) filter (where occurred_at < %(day_30)s) as before
            from events inner join contacts using (contact_id)
            where name = any(%(usage)s) and occurred_at >= %(day_60)s and company_id is not null
            group by company_id
        )
        select contact_id from contacts inner join used using (company_id)
        where before >= %(usage_dropped_from)s
            and 100 * now < before * %(usage_dropped_percent)s
    """,
}
"""Fifteen segments of models/segments; `mql` is a score, and `activated` is trivial in both."""


class NotHereError(Exception):
    """PostgreSQL cannot be started on this machine; the message gives the reason."""


class Server:
    """A temporary PostgreSQL server; leaving the context stops it and removes its files.

    Raises:
        NotHereError: the server cannot be started.

    """

    def __enter__(self) -> Self:
        initdb = shutil.which("initdb") or next(
            map(str, Path("/usr/lib/postgresql").glob("*/bin/initdb")), None
        )
        if initdb is None:
            raise NotHereError("PostgreSQL is not installed (scripts/test-deps.sh)")
        self._binaries = Path(initdb).resolve().parent
        # PostgreSQL does not run as root. Its user needs access to the folder.
        self._as_user: list[str] = []
        if os.geteuid() == 0:
            if shutil.which("runuser") is None:
                raise NotHereError("PostgreSQL does not run as root, and runuser is not installed")
            self._as_user = ["runuser", "-u", "nobody", "--"]
        self._home = Path(tempfile.mkdtemp(prefix="sendhouse-"))
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        self.url = f"postgresql://sendhouse@127.0.0.1:{port}/postgres?sslmode=disable"
        settings = {**_SETTINGS, "port": port, "unix_socket_directories": self._home}
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        try:
            if self._as_user:
                shutil.chown(self._home, "nobody")
            self._run(
                "initdb", "-A", "trust", "-U", "sendhouse", "--no-sync", "-E", "UTF8", "--locale=C"
            )
            # Without a log file the server would keep the pipes of pg_ctl open.
            self._run("pg_ctl", "-w", "-l", str(self._home / "log"), "-o", options, "start")
        except (subprocess.CalledProcessError, LookupError, OSError) as error:
            self.__exit__()
            raise NotHereError(f"PostgreSQL does not start: {error}") from error
        return self

    def __exit__(self, *_: object) -> None:
        if (self._home / "data" / "postmaster.pid").exists():
            self._run("pg_ctl", "-m", "immediate", "stop")
        shutil.rmtree(self._home, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        data = str(self._home / "data")
        argv = [*self._as_user, str(self._binaries / program), "-D", data, *arguments]
        subprocess.run(argv, check=True, capture_output=True, cwd=self._home)


def load(home: str, url: str) -> dict[str, float]:
    """Copy the rows of the warehouse to PostgreSQL, and create the indexes."""
    import psycopg

    from dagster_project.home import warehouse

    started = time.perf_counter()
    path = Path(home) / "copied.csv"
    with (
        warehouse.connect(Path(home) / "warehouse.duckdb") as connection,
        psycopg.connect(url, autocommit=True) as postgres,
    ):
        for table, (columns, query) in _TABLES.items():
            connection.execute(f"copy ({query}) to '{path}' (format csv, header false)")
            postgres.execute(f"create table {table} ({columns})".encode())
            with (
                path.open("rb") as file,
                postgres.cursor().copy(f"copy {table} from stdin (format csv)".encode()) as copy,
            ):
                while block := file.read(1 << 20):
                    copy.write(block)
            path.unlink()
        for statement in (*_INDEXES, "vacuum analyze"):
            postgres.execute(statement.encode())
    return {"seconds": time.perf_counter() - started}


def run(home: str, url: str) -> dict[str, float]:
    """Compute every segment in PostgreSQL, and compare its members with the model's members.

    Raises:
        RuntimeError: the members of a segment differ.

    """
    import psycopg

    from dagster_project.home import warehouse

    with (
        warehouse.connect(Path(home) / "warehouse.duckdb") as connection,
        # ClientCursor binds values itself: `create table as` takes no parameters.
        psycopg.connect(url, autocommit=True, cursor_factory=psycopg.ClientCursor) as postgres,
    ):
        parameters = connection.execute("select name, value from control.parameters").fetchall()
        values = _population.boundaries(connection) | dict(parameters)
        for name in SEGMENTS:
            postgres.execute(f"drop table if exists segment_{name}".encode())
        started = time.perf_counter()
        for name, query in SEGMENTS.items():
            postgres.execute(f"create table segment_{name} as {query}".encode(), values)
        seconds = time.perf_counter() - started
        for name in SEGMENTS:
            ours = connection.execute(f"select contact_id from segments.{name}").fetchall()
            theirs = postgres.execute(f"select contact_id from segment_{name}".encode()).fetchall()
            if sorted(ours) != sorted(theirs):
                different = len(set(ours) ^ set(theirs))
                raise RuntimeError(f"{name}: {different} members are on one side only")
    return {"seconds": seconds}
