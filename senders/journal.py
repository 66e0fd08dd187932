"""The journal of tries: which sends were sent, which were not, and which are uncertain.

One row per try, in SQLite or PostgreSQL. A try is committed as `attempting` before its first byte
leaves; the primary key decides which of two dispatchers makes the try. If the process of an
`attempting` try dies, the try is settled by evidence or becomes `unknown`. An unknown try is never
repeated automatically: a crash between a server's "250" and the journal's commit leaves no trace
of the result (RFC 1047).

The caller gives the times of tries, because its clock may be simulated. `updated_at` is the wall
clock and orders the changes of the journal.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import (
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
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.types import TypeDecorator

from senders.processes import is_alive, this_process

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from senders.base import Outcome, Sender

# A writer sets `updated_at` before it commits, and clocks are set back by small amounts. A reader
# of "changes since my last row" must start slightly earlier to miss no row.
_OVERLAP = timedelta(seconds=10)
_BUSY_TIMEOUT_MS = 30_000
# A try of another machine without a change for this long counts as dead.
STALE_AFTER = timedelta(hours=1)


class JournalError(Exception):
    """A try does not have the status that the call requires."""


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
    Index("attempts_status", "status"),
    Index("attempts_updated_at", "updated_at"),
)
_A = _ATTEMPTS.c
# The columns of raw.attempts; the dispatcher's process matters only inside the journal.
_PUBLIC = [column for column in _ATTEMPTS.columns if column.name != "dispatcher"]


class Journal:
    """The tries of one installation.

    Args:
        url: SQLAlchemy address: `sqlite:///file` or `postgresql+psycopg://…`.

    """

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url)
        if self._engine.dialect.name == "sqlite":
            _make_durable(self._engine)

    def create(self) -> None:
        """Make the table (and the folder of a SQLite file); safe to repeat."""
        database = self._engine.url.database
        if self._engine.dialect.name == "sqlite" and database:
            Path(database).parent.mkdir(parents=True, exist_ok=True)
        _METADATA.create_all(self._engine)

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
                if last is not None and not _may_follow(last.status, last.next_try_at, started_at):
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
                        updated_at=_wall_clock(),
                        dispatcher=this_process(),
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
                .where(_A.status.in_(("attempting", "unknown")))
                .values(
                    status=outcome.status,
                    provider_message_id=outcome.provider_message_id,
                    smtp_code=outcome.smtp_code,
                    fault=outcome.fault,
                    detail=outcome.detail,
                    finished_at=finished_at,
                    next_try_at=next_try_at,
                    updated_at=_wall_clock(),
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
        for row in leftovers:
            alive = is_alive(row.dispatcher)
            if alive is None:
                alive = row.updated_at > _wall_clock() - stale_after
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

    def unknowns(self) -> list[dict[str, Any]]:
        """List the unknown tries (columns of raw.attempts)."""
        return self._read(select(*_PUBLIC).where(_A.status == "unknown").order_by(_A.started_at))

    def changed_since(self, instant: datetime | None) -> list[dict[str, Any]]:
        """Read the changed tries, for the load into raw.attempts.

        Args:
            instant: the largest `updated_at` already loaded, or None for all.

        Returns:
            Rows with the columns of raw.attempts, oldest change first. The rows start slightly
            before `instant`, so loaded rows can appear again: replace by (send_id, attempt).

        """
        query = select(*_PUBLIC).order_by(_A.updated_at, _A.send_id, _A.attempt)
        if instant is not None:
            query = query.where(_A.updated_at >= instant - _OVERLAP)
        return self._read(query)

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
                    updated_at=_wall_clock(),
                )
            )
            return done.rowcount == 1


_VERDICTS = {"sent": "sent", "not_sent": "deferred", None: "unknown"}


def _may_follow(status: str, next_try_at: datetime | None, started_at: datetime) -> bool:
    """Whether another try may follow a try with this status."""
    if status not in ("deferred", "failed") or next_try_at is None:
        return False
    return next_try_at <= started_at


def _wall_clock() -> datetime:
    return datetime.now(UTC)


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
