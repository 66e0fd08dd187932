"""The journal of tries: which sends were sent, which were not, and which are uncertain.

One row per try, in SQLite or PostgreSQL. A try is committed as `attempting` before its first byte
leaves; the primary key decides which of two dispatchers makes the try. If the process of an
`attempting` try dies, the try is settled by evidence or becomes `unknown`. An unknown try is never
repeated automatically: a crash between a server's "250" and the journal's commit leaves no trace
of the result (RFC 1047).

The caller gives the times of tries, because its clock may be simulated. `updated_at` is the real
time: of the PostgreSQL server, or of the machine that holds the SQLite file.

Each change of a try gets the next number of the journal (`change_no`). The number comes from one
row that a transaction locks until its commit. So numbers are committed in their order: a reader
that has seen number 7 has seen every lower number. Clocks of machines do not matter. The same row
holds the mark of the journal, by which an installation recognizes its own journal.
"""

from __future__ import annotations

import os
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    Dialect,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.types import TypeDecorator

from senders.processes import is_alive, this_process

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from senders.base import Outcome, Sender

_BUSY_TIMEOUT_MS = 30_000
# A try of another machine without a change for this long counts as dead.
STALE_AFTER = timedelta(hours=1)


class JournalError(Exception):
    """A try does not have the status that the call requires."""


@dataclass(frozen=True)
class State:
    """The journal as a whole.

    Attributes:
        mark: names the journal; None for a journal of an earlier version.
        changes: the number of the last change.
        tries: the number of tries.

    """

    mark: str | None
    changes: int
    tries: int


@dataclass(frozen=True)
class Changes:
    """The changed tries (columns of raw.attempts), oldest change first, and the state they gave."""

    rows: list[dict[str, Any]]
    state: State


class _Utc(TypeDecorator[datetime]):
    """An instant: aware UTC in Python, naive UTC in SQLite, which has no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"the journal needs instants with a time zone, not {value}")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


_METADATA = MetaData()
_ATTEMPTS = Table(
    "attempts",
    _METADATA,
    Column("send_id", String, primary_key=True),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("status", String, nullable=False),
    Column("sender", String, nullable=False),
    Column("message_id", String, nullable=False),
    Column("provider_message_id", String),
    Column("smtp_code", Integer),
    Column("fault", String),
    Column("detail", String),
    Column("email_hash", String),
    Column("started_at", _Utc, nullable=False),
    Column("finished_at", _Utc),
    Column("next_try_at", _Utc),
    Column("updated_at", _Utc, nullable=False),
    Column("dispatcher", String, nullable=False),
    Column("change_no", BigInteger, nullable=False),
    Index("attempts_status", "status"),
    Index("attempts_change_no", "change_no"),
)
_A = _ATTEMPTS.c
# The columns of raw.attempts; the other columns matter only inside the journal.
_PUBLIC = [column for column in _ATTEMPTS.columns if column.name not in ("dispatcher", "change_no")]
# One row.
_JOURNAL = Table(
    "journal",
    _METADATA,
    Column("mark", String, primary_key=True),
    Column("changes", BigInteger, nullable=False),
)


class Journal:
    """The tries of one installation.

    Args:
        url: SQLAlchemy address: `sqlite:///file` or `postgresql+psycopg://…`.

    """

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url)
        self._file: str | None = None
        if self._engine.dialect.name == "sqlite":
            self._file = self._engine.url.database
            _make_durable(self._engine)

    @property
    def address(self) -> str:
        """The address without its password, for messages."""
        return self._file or self._engine.url.render_as_string(hide_password=True)

    def state(self) -> State | None:
        """Read mark and numbers; None if there is no journal. Creates nothing."""
        if self._file and not Path(self._file).exists():
            return None
        with self._engine.begin() as connection:
            if not inspect(connection).has_table(_ATTEMPTS.name):
                return None
            if inspect(connection).has_table(_JOURNAL.name):
                return _state(connection)
            return State(None, 0, _tries(connection))

    def create(self, mark: str | None = None) -> State:
        """Make the tables (and the folder of a SQLite file); safe to repeat.

        A journal of an earlier version keeps its tries, and gets numbers and a mark.

        Args:
            mark: the mark of a journal that has none; None for a random mark.

        """
        if self._file:
            _create_private_file(Path(self._file))
        with self._engine.begin() as connection:
            if self._engine.dialect.name == "postgresql":
                # Two processes can create the journal at the same time.
                connection.execute(text("select pg_advisory_xact_lock(hashtext('sendhouse'))"))
            _add_change_numbers(connection)
            _METADATA.create_all(connection)
            if connection.execute(select(_JOURNAL)).first() is None:
                last = connection.scalar(select(func.max(_A.change_no))) or 0
                mark = mark or secrets.token_hex(16)
                connection.execute(insert(_JOURNAL).values(mark=mark, changes=last))
            return _state(connection)

    def lacks(self, tries: Iterable[tuple[str, int]]) -> int:
        """Count the given tries (send_id, attempt) that the journal does not have."""
        with self._engine.connect() as connection:
            own = {tuple(row) for row in connection.execute(select(_A.send_id, _A.attempt))}
        return len(set(tries) - own)

    def restore(self, tries: Iterable[Mapping[str, Any]]) -> State:
        """Take in tries of another record, such as raw.attempts, after a loss of the journal.

        A try that the journal lacks is added. A try that the journal has without a result
        (`attempting`, `unknown`) gets the result of the record. All other tries stay.

        Args:
            tries: rows with the columns of raw.attempts.

        """
        with self._engine.begin() as connection:
            statuses = {
                (row.send_id, row.attempt): row.status
                for row in connection.execute(select(_A.send_id, _A.attempt, _A.status))
            }
            for row in tries:
                key = (row["send_id"], row["attempt"])
                if statuses.get(key) not in (None, *_OPEN):
                    continue
                stamp = _next_change(connection)
                values = {**row, **stamp, "dispatcher": this_process()}
                if key in statuses:
                    connection.execute(
                        update(_ATTEMPTS)
                        .where(_A.send_id == key[0], _A.attempt == key[1])
                        .values(values)
                    )
                else:
                    connection.execute(insert(_ATTEMPTS).values(values))
            return _state(connection)

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def claim(
        self,
        send_id: str,
        *,
        sender: str,
        message_id: str,
        email_hash: str,
        started_at: datetime,
        max_attempts: int,
    ) -> int | None:
        """Claim the next try of a send; the try is committed as `attempting` on return.

        Args:
            send_id: the send.
            sender: name of the sender that will try.
            message_id: Message-ID of the message.
            email_hash: the mailed address (`addresses.email_hash`). A bounce suppresses this
                address, even if the contact has a new address by then.
            started_at: the caller's time (UTC).
            max_attempts: the total number of tries of a send.

        Returns:
            The number of the try, from 1; or None if the send must not be tried now: it is
            accepted, refused, given up or unknown, another dispatcher claimed it, its next try is
            later than `started_at`, or its tries are used up.

        """
        try:
            with self._engine.begin() as connection:
                last = connection.execute(
                    select(_A.attempt, _A.status, _A.next_try_at)
                    .where(_A.send_id == send_id)
                    .order_by(_A.attempt.desc())
                    .limit(1)
                ).first()
                attempt = 1 if last is None else last.attempt + 1
                if attempt > max_attempts:
                    return None
                if last is not None and not may_follow(last.status, last.next_try_at, started_at):
                    return None
                connection.execute(
                    insert(_ATTEMPTS).values(
                        send_id=send_id,
                        attempt=attempt,
                        status="attempting",
                        sender=sender,
                        message_id=message_id,
                        email_hash=email_hash,
                        started_at=started_at,
                        dispatcher=this_process(),
                        **_next_change(connection),
                    )
                )
        except IntegrityError:
            return None  # another dispatcher inserted the same try first
        return attempt

    def record(
        self,
        send_id: str,
        attempt: int,
        outcome: Outcome,
        *,
        finished_at: datetime,
        next_try_at: datetime | None = None,
    ) -> None:
        """Record the result of a claimed try.

        Args:
            send_id: the send.
            attempt: the number from `claim`.
            outcome: the result.
            finished_at: the caller's time (UTC).
            next_try_at: the earliest time of the next try; None for no further try.

        Raises:
            JournalError: the try does not exist, or already has another result.

        """
        with self._engine.begin() as connection:
            done = connection.execute(
                update(_ATTEMPTS)
                .where(_A.send_id == send_id, _A.attempt == attempt)
                # Another machine may have settled the try as dead; the real result wins.
                .where(_A.status.in_(_OPEN))
                .values(
                    status=outcome.status,
                    provider_message_id=outcome.provider_message_id,
                    smtp_code=outcome.smtp_code,
                    fault=outcome.fault,
                    detail=outcome.detail,
                    finished_at=finished_at,
                    next_try_at=next_try_at,
                    **_next_change(connection),
                )
            )
            if done.rowcount != 1:
                raise JournalError(f"send {send_id}: try {attempt} is not in progress")

    def settle_leftovers(
        self, sender: Sender, *, now: datetime, stale_after: timedelta = STALE_AFTER
    ) -> Counter[str]:
        """Settle the tries whose dispatcher is dead.

        A dispatcher on this machine is dead when its process is dead. A dispatcher on another
        machine counts as dead when its try has not changed for `stale_after` of real time.
        `sender` gives evidence on its own tries: sent → `sent`, not sent → `deferred` until now,
        no evidence → `unknown`.

        Args:
            sender: the sender in use.
            now: the caller's time (UTC).
            stale_after: the limit for other machines.

        Returns:
            The numbers of tries that became `sent`, `deferred` and `unknown`.

        """
        settled: Counter[str] = Counter()
        with self._engine.begin() as connection:
            leftovers = connection.execute(
                select(_ATTEMPTS).where(_A.status == "attempting").order_by(_A.send_id)
            ).all()
            now_here = _clock_of(connection)
        for row in leftovers:
            alive = is_alive(row.dispatcher)
            if alive is None:
                alive = row.updated_at > now_here - stale_after
            if alive:
                continue
            # Only the sender that tried has evidence: another sender never saw the message.
            ours = row.sender == sender.name
            evidence = sender.evidence(row.send_id, row.message_id) if ours else None
            status = _VERDICTS[evidence]
            changed = self._settle(
                row.send_id,
                row.attempt,
                expected="attempting",
                status=status,
                detail=f"the dispatcher died; evidence: {evidence or 'none'}",
                now=now,
            )
            settled[status] += changed
        return settled

    def settle(
        self,
        send_id: str,
        attempt: int,
        status: Literal["sent", "rejected", "failed", "deferred"],
        detail: str,
        *,
        now: datetime,
    ) -> None:
        """Settle an `unknown` try, by later evidence or by an operator's decision.

        Args:
            send_id: the send.
            attempt: the number of the try.
            status: the new status; `deferred` allows another try at once.
            detail: the evidence or reason.
            now: the time of the result, as well as known (UTC).

        Raises:
            JournalError: the try does not exist, or is not `unknown`.

        """
        if not self._settle(
            send_id, attempt, expected="unknown", status=status, detail=detail, now=now
        ):
            raise JournalError(f"send {send_id}: try {attempt} is not unknown: nothing to settle")

    def unanswered(self) -> int:
        """Count the newest tries in a row that are unknown, up to ten."""
        query = select(_A.status).order_by(_A.change_no.desc()).limit(10)
        with self._engine.connect() as connection:
            statuses = connection.execute(query).scalars().all()
        return next((n for n, status in enumerate(statuses) if status != "unknown"), len(statuses))

    def unknowns(self) -> list[dict[str, Any]]:
        """List the unknown tries (columns of raw.attempts)."""
        return self._read(select(*_PUBLIC).where(_A.status == "unknown").order_by(_A.started_at))

    def changed_since(self, change_no: int = 0) -> Changes:
        """Read the tries that changed after a change, for the load into raw.attempts.

        Args:
            change_no: the last change already loaded (`State.changes`); 0 for all tries.

        """
        query = select(*_PUBLIC).where(_A.change_no > change_no).order_by(_A.change_no)
        with self._engine.begin() as connection:
            # Writers wait, so state and rows belong to the same change.
            connection.execute(select(_JOURNAL).with_for_update())
            rows = [dict(row) for row in connection.execute(query).mappings()]
            return Changes(rows, _state(connection))

    def counts(self) -> dict[str, int]:
        """Count the tries by status."""
        query = select(_A.status, func.count()).group_by(_A.status).order_by(_A.status)
        with self._engine.connect() as connection:
            return dict(connection.execute(query).all())

    def _read(self, query: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any select
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def _settle(
        self, send_id: str, attempt: int, *, expected: str, status: str, detail: str, now: datetime
    ) -> bool:
        with self._engine.begin() as connection:
            done = connection.execute(
                update(_ATTEMPTS)
                .where(_A.send_id == send_id, _A.attempt == attempt, _A.status == expected)
                .values(
                    status=status,
                    detail=detail,
                    finished_at=now,
                    next_try_at=now if status == "deferred" else None,
                    **_next_change(connection),
                )
            )
            return done.rowcount == 1


# The statuses of a try without a result.
_OPEN = ("attempting", "unknown")
_VERDICTS = {"sent": "sent", "not_sent": "deferred", None: "unknown"}


def may_follow(status: str, next_try_at: datetime | None, started_at: datetime) -> bool:
    """Whether another try, started at an instant, may follow a try with this status."""
    if status not in ("deferred", "failed") or next_try_at is None:
        return False
    return next_try_at <= started_at


def _next_change(connection: Connection) -> dict[str, Any]:
    """The columns `change_no` and `updated_at` of a change; locks the journal until the commit."""
    change_no = connection.scalar(
        update(_JOURNAL).values(changes=_JOURNAL.c.changes + 1).returning(_JOURNAL.c.changes)
    )
    return {"change_no": change_no, "updated_at": _clock_of(connection)}


def _clock_of(connection: Connection) -> datetime:
    """The time of the machine that holds the journal; clocks of dispatchers can differ."""
    if connection.dialect.name == "postgresql":
        return connection.execute(select(func.clock_timestamp())).scalar_one()
    return datetime.now(UTC)


def _state(connection: Connection) -> State:
    mark, changes = connection.execute(select(_JOURNAL.c.mark, _JOURNAL.c.changes)).one()
    return State(mark, changes, _tries(connection))


def _tries(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(_ATTEMPTS)).scalar_one()


def _add_change_numbers(connection: Connection) -> None:
    """Number the tries of a journal of an earlier version, in the order of their last change."""
    inspector = inspect(connection)
    if not inspector.has_table(_ATTEMPTS.name):
        return
    if _A.change_no.name in {column["name"] for column in inspector.get_columns(_ATTEMPTS.name)}:
        return
    for statement in (
        "alter table attempts add column change_no bigint not null default 0",
        """update attempts set change_no = numbered.change_no
        from (
            select send_id, attempt, row_number() over (order by updated_at, send_id, attempt)
                as change_no
            from attempts
        ) as numbered
        where attempts.send_id = numbered.send_id and attempts.attempt = numbered.attempt""",
        "create index attempts_change_no on attempts (change_no)",
        "drop index if exists attempts_updated_at",
    ):
        connection.execute(text(statement))
    if connection.dialect.name == "postgresql":
        # A dispatcher of an earlier version numbers nothing: its inserts must fail.
        connection.execute(text("alter table attempts alter column change_no drop default"))


def _create_private_file(path: Path) -> None:
    """Create a file that only its owner can read; SQLite gives the files beside it this mode."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))


def _make_durable(engine: Engine) -> None:
    """Make commits of SQLite durable, and let several processes wait for each other."""

    def on_connect(connection: Any, record: object) -> None:  # noqa: ANN401 - sqlite3's own
        del record
        # The driver must not begin transactions: see on_begin.
        connection.isolation_level = None
        for pragma in (
            f"busy_timeout = {_BUSY_TIMEOUT_MS}",
            "journal_mode = WAL",
            "synchronous = FULL",
        ):
            connection.execute(f"pragma {pragma}")

    def on_begin(connection: Connection) -> None:
        # If a transaction reads first and writes later, SQLite fails it at once when there is
        # another writer. A transaction that takes the write lock at its start waits instead.
        connection.exec_driver_sql("begin immediate")

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)
