"""Corrects what landed: files are read again with today's mapping, or forgotten.

Decisions stay, because they are appended. Everything else is built as if the files had been read
rightly the first time: the next tick builds every model from the beginning, and triggers look again
at the facts of the changed files. Until then the send queue is empty.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence

import duckdb

from dagster_project.home import warehouse
from dagster_project.home.settings import Settings
from dagster_project.landing import Correction, find_landed, read_again
from dagster_project.project import versions


def correct(
    settings: Settings, names: Sequence[str], *, forget: bool = False, dry_run: bool = False
) -> Correction:
    """Read landed files again, or forget them; all in one transaction.

    Args:
        settings: the installation; the caller holds the warehouse (`warehouse.exclusive`).
        names: sources (not to forget) and files, see `landing.find_landed`.
        forget: whether the rows of the files are only deleted.
        dry_run: whether to undo everything at the end.

    Returns:
        The files and rows that changed, or would change.

    Raises:
        AgainError: a name fits no landed file, a file is no longer kept, or the new mapping rejects
            a file as a whole. Nothing changed.

    """
    with warehouse.connect(settings.warehouse_path) as connection:
        connection.execute("begin")
        try:
            files = {
                file.file_id: file
                for name in names
                for file in find_landed(connection, settings, name, is_kind=not forget)
            }
            correction = read_again(connection, settings, [*files.values()], forget=forget)
            if dry_run:
                connection.execute("rollback")
                return correction
            versions.forget_rows(connection)
            _look_again(connection, correction.first_no)
            _empty_queue(connection)
            # The hashes of landed events lack new ones now. They are rebuilt from the warehouse,
            # also if the process dies before the commit.
            shutil.rmtree(settings.seen_dir, ignore_errors=True)
        except BaseException:
            connection.execute("rollback")
            raise
        connection.execute("commit")
        return correction


def _look_again(connection: duckdb.DuckDBPyConnection, first_no: int) -> None:
    """Let triggers read the facts from the first changed file on; a firing on record stays one."""
    connection.execute(
        """update control.watermarks set file_no = least(file_no, $last)
           where starts_with(model, 'triggers.')""",
        {"last": first_no - 1},
    )


def _empty_queue(connection: duckdb.DuckDBPyConnection) -> None:
    """Hold all mail until the next tick has decided on the corrected rows."""
    if connection.execute(
        """select 1 from duckdb_tables()
           where schema_name = 'delivery' and table_name = 'send_queue' and not temporary"""
    ).fetchall():
        connection.execute("delete from delivery.send_queue")
