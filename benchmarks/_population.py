"""A generated population: up to a million contacts and a hundred million events.

DuckDB writes the rows into the raw tables, in the form that landing leaves, because the benchmark
times the models only. All values are hashes of row numbers, so each run has the same rows. A few
contacts cause most events (a power law), in visits of six events. Four of five events have the
CRM's id as key, the other events an address, like events before a login.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from benchmarks._measure import ROOT
from dagster_project.home import warehouse
from dagster_project.home.settings import Settings, load_settings
from dagster_project.home.warehouse import Clock
from dagster_project.tick import stages

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 180
NOW = BEGIN + timedelta(days=DAYS, hours=-12)
"""The clock of the full build, at noon of the last day."""

WINDOWS = (7, 30, 60, 90, 180)
"""The windows of the features, in days."""

_VISIT = 6
_FILE = 1_000_000

_NAMES = """
    case
        when dice < 5500 then 'page_viewed' when dice < 8500 then 'feature_used'
        when dice < 9300 then 'logged_in' when dice < 9600 then 'report_shared'
        when dice < 9700 then 'purchase_completed' when dice < 9800 then 'form_submitted'
        when dice < 9850 then 'signed_up' when dice < 9900 then 'setup_completed'
        when dice < 9930 then 'activated' when dice < 9960 then 'demo_booked'
        when dice < 9995 then 'subscription_cancelled' else 'unsubscribed'
    end
"""

_EVENTS = f"""
    insert into raw.events by name
    with rolled as (
        select i, i // {_VISIT} as visit, hash(i) as h, hash(i // {_VISIT}, 'visit') as v
        from range($first, $first + $count) as numbers (i)
    ),
    placed as (
        select
            i, h, h % 10000 as dice,
            floor($contacts * pow((v % 1000003) / 1000003.0, 2.5))::bigint as contact,
            $begin + to_microseconds(
                (
                    (visit - $first // {_VISIT}) * $microseconds / greatest($count // {_VISIT}, 1)
                )::bigint
                + (i % {_VISIT}) * 37000000
            ) as occurred_at
        from rolled
    )
    select
        printf('%016x%08x', h, i) as event_id,
        case
            when h % 5 > 0 then 'u' || (1000000 + contact)
            else 'person' || contact || '@example.com'
        end as contact_key,
        {_NAMES} as name,
        occurred_at,
        occurred_at as received_at,
        case
            when dice < 5500 then
                '{{"page": "'
                || case when h % 13 = 0 then '/pricing' else '/docs/' || h % 50 end || '"}}'
            when dice >= 9600 and dice < 9700 then
                '{{"amount": ' || h % 500 || '.5, "currency": "'
                || case when h % 7 = 0 then 'USD' else 'EUR' end || '"}}'
            else '{{}}'
        end as properties,
        'f' || ($file_no + (i - $first) // {_FILE}) as file_id,
        $file_no + (i - $first) // {_FILE} as file_no,
        h as event_hash
    from placed
"""

_FILES = f"""
    insert into raw.files by name
    select
        'f' || no as file_id, no as file_no, 'f' || no as path, 'f' || no as sha256,
        $kind as kind, $table as table_name, false as is_full, $at as received_at,
        {_FILE} as rows_landed, 0 as rows_duplicate, 0 as rows_rejected, 0 as bytes,
        0 as modified_ns, '' as mapping, []::varchar[] as notices, $at as landed_at
    from range($file_no, $file_no + $files) as numbers (no)
"""

_CONTACTS = """
    insert into raw.standard__contacts by name
    select
        'u' || (1000000 + c) as contact_id,
        'person' || c || '@example.com' as email,
        'First' || c % 977 as first_name,
        'Last' || c % 7919 as last_name,
        ['Head of Operations', 'Engineer', 'CEO', 'Buyer', 'Analyst'][1 + c % 5] as job_title,
        ['DE', 'FR', 'US', 'GB', 'JP'][1 + c % 5] as country,
        [
            'Europe/Berlin', 'Europe/Paris', 'America/New_York', 'Europe/London', 'Asia/Tokyo'
        ][1 + c % 5] as timezone,
        ['lead', 'marketingqualifiedlead', 'opportunity', 'customer', null][1 + c % 5]
            as lifecycle_stage,
        'a' || c % greatest($contacts // 20, 1) as company_id,
        case when c % 10 < 9 then 'true' else 'false' end as marketing_consent,
        date '1960-01-01' + (hash(c) % 15000)::integer as birthday,
        $begin + to_days((hash(c) % 880)::integer - 700) as created_at,
        $begin as updated_at,
        'f1' as _file_id, 1 as _file_no, c + 2 as _line, $begin as _received_at
    from range($contacts) as numbers (c)
"""

_COMPANIES = """
    insert into raw.standard__companies by name
    select
        'a' || a as company_id, 'Company ' || a as name,
        ['Software', 'IT services', 'Retail', 'Logistics'][1 + a % 4] as industry,
        (5 + hash(a) % 800)::varchar as employees,
        ['team', 'business', 'enterprise'][1 + a % 3] as plan,
        (100 * (1 + a % 30))::varchar as plan_limit,
        ($begin::date + (hash(a, 'renewal') % 365)::integer)::varchar as renewal_on,
        $begin as updated_at,
        'f2' as _file_id, 2 as _file_no, a + 2 as _line, $begin as _received_at
    from range($contacts // 20) as numbers (a)
"""

_DEALS = """
    insert into raw.standard__deals by name
    select
        'd' || d as deal_id, 'u' || (1000000 + hash(d) % $contacts) as contact_id,
        ['open', 'won', 'lost'][1 + d % 3] as status, (hash(d) % 90000)::varchar as amount,
        case when hash(d, 'currency') % 2 = 0 then 'EUR' else 'USD' end as currency,
        $begin as created_at, $begin + to_days((hash(d) % 170)::integer) as closed_at,
        $begin as updated_at,
        'f3' as _file_id, 3 as _file_no, d + 2 as _line, $begin as _received_at
    from range($contacts // 10) as numbers (d)
"""

# One send per contact, and opens and clicks of some sends.
_SENDS = """
    insert into decisions.step_decisions by name
    select
        md5('send' || s) as send_id, md5('run' || s) as enrollment_id, 'news' as sequence,
        'u' || (1000000 + hash(s) % $contacts) as contact_id, 'step' as step, 'send' as action,
        'news/step' as template, due as due_at, due + interval '1 day' as expires_at,
        due as decided_at, 'send' as decision, 'a' as variant, 'due' as reason
    from (
        select s, $begin + to_hours((hash(s, 'hour') % 4200)::integer) as due
        from range($contacts) as numbers (s)
    )
"""

_ATTEMPTS = """
    insert into raw.attempts by name
    select
        send_id, 1 as attempt, 'sent' as status, 'smtp' as sender,
        send_id as message_id, decided_at as started_at,
        decided_at + interval '1 second' as finished_at, decided_at as updated_at
    from decisions.step_decisions
"""

_TRACKING = """
    insert into raw.tracking by name
    select
        md5(send_id || kind) as event_id, send_id, kind as type,
        due as occurred_at, due as received_at,
        case
            when kind = 'clicked' then '{"user_agent": "Firefox", "url": "https://x.example/pricing"}'
            when hash(send_id) % 4 = 0 then '{"user_agent": "Mozilla/5.0"}'
            else '{"user_agent": "Firefox"}'
        end as detail,
        'collector' as provider, 'f4' as file_id, 4 as file_no,
        hash(send_id, kind) as event_hash
    from (
        select send_id, 'opened' as kind, decided_at + interval '2 hours' as due
        from decisions.step_decisions where hash(send_id) % 10 < 4
        union all
        select send_id, 'clicked' as kind, decided_at + interval '3 hours' as due
        from decisions.step_decisions where hash(send_id) % 10 = 0
    )
"""


def make(home: Path, contacts: int, events: int) -> None:
    """Fill a new installation with CRM rows, mail and `events` events up to NOW."""
    settings = load_settings(home=home)
    stages.begin(settings, NOW)
    with warehouse.connect(settings.warehouse_path) as connection:
        people = {"begin": BEGIN, "contacts": contacts}
        for number, kind in enumerate(("contacts", "companies", "deals"), start=1):
            _add_files(connection, f"crm/standard/{kind}", f"standard__{kind}", number, 1)
        _add_files(connection, "tracking", "tracking", 4, 1)
        for statement in (_CONTACTS, _COMPANIES, _DEALS, _SENDS):
            connection.execute(statement, people)
        connection.execute(_ATTEMPTS)
        connection.execute(_TRACKING)
        _add_events(connection, contacts, 0, events, BEGIN, NOW)


def add(settings: Settings, contacts: int, events: int, hours: float) -> None:
    """Add `events` events in the hours after the clock, and advance the clock by these hours.

    Args:
        settings: an installation from `make`.
        contacts: the same number as for `make`.
        events: the number of new events.
        hours: the time span of the events.

    Raises:
        RuntimeError: the installation has no clock.

    """
    with warehouse.connect(settings.warehouse_path) as connection:
        now = _clock(connection)
        until = now + timedelta(hours=hours)
        [(first,)] = connection.execute("select count(*) from raw.events").fetchall()
        _add_events(connection, contacts, first, events, now, until)
        warehouse.set_clock(connection, Clock(until, is_simulated=True))


def boundaries(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """The parameters of a query by hand.

    Returns:
        The clock (`as_of`); for each of WINDOWS the midnight (UTC) at which the last n days,
        today included, begin (`day_<n>`); the names of events that count as use of the product
        (`usage`), and of events that can contain a consent (`consent`).

    """
    import yaml

    variables = yaml.safe_load((ROOT / "dbt_project.yml").read_text())["vars"]
    now = _clock(connection)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return {
        "as_of": now,
        "usage": variables["usage_events"],
        "consent": variables["consent_events"],
        **{f"day_{n}": midnight - timedelta(days=n - 1) for n in WINDOWS},
    }


def _clock(connection: duckdb.DuckDBPyConnection) -> datetime:
    clock = warehouse.read_clock(connection)
    if clock is None:
        raise RuntimeError(
            "the installation has no clock: make it with benchmarks._population.make"
        )
    return clock.as_of


def _add_events(
    connection: duckdb.DuckDBPyConnection,
    contacts: int,
    first: int,
    count: int,
    begin: datetime,
    end: datetime,
) -> None:
    [(last,)] = connection.execute("select max(file_no) from raw.files").fetchall()
    _add_files(connection, "events", "events", last + 1, -(-count // _FILE))
    values = {
        "contacts": contacts,
        "first": first,
        "count": count,
        "begin": begin,
        "file_no": last + 1,
        # The last visit takes some minutes and must end before the clock.
        "microseconds": (end - begin) / timedelta(microseconds=1) - _VISIT * 37_000_000,
    }
    connection.execute(_EVENTS, values)


def _add_files(
    connection: duckdb.DuckDBPyConnection, kind: str, table: str, file_no: int, files: int
) -> None:
    connection.execute(
        _FILES,
        {"kind": kind, "table": table, "file_no": file_no, "files": files, "at": BEGIN},
    )
