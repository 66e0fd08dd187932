"""The ids of all landed events, as sorted hashes in files beside the warehouse.

A lookup in the warehouse reads all ids, perhaps a hundred million; a lookup in a sorted file reads
a few dozen. The files can be deleted at any time: they are rebuilt from the warehouse. Landing
checks a match in the warehouse before it drops a duplicate. So the files may contain too many
hashes, but never too few.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb
    import pyarrow as pa

# <first file number>-<last file number>-<id of the last file>-<number of hashes>. The id detects a
# run of another warehouse, or of a state before a restore. The number of hashes detects a cut file.
_NAME = re.compile(r"(\d+)-(\d+)-([0-9a-f]+)-(\d+)\.u64")

_SHORT = 50_000
"""A run of at most this many hashes is merged into the next run."""


@dataclass(frozen=True)
class _Run:
    """A file of hashes, unsigned 64-bit in the machine's byte order, ascending."""

    path: Path
    first: int
    last: int
    last_id: str

    @property
    def length(self) -> int:
        return self.path.stat().st_size // 8

    def hashes(self) -> pa.UInt64Array:
        """Map the file into memory; only the parts in use are read."""
        import pyarrow as pa  # slow to import, and not needed for a command's --help

        buffer = pa.memory_map(str(self.path)).read_buffer()
        return pa.Array.from_buffers(pa.uint64(), buffer.size // 8, [None, buffer])


class Seen:
    """The hashes of one table's ids, in runs; each run covers a range of landed files."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path, table: str) -> None:
        """Bring the runs up to date with the warehouse.

        Args:
            connection: the warehouse, not in a transaction.
            folder: the folder of the runs; created if missing.
            table: `events` or `tracking`.

        """
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._runs = _read_runs(folder)
        covered = self._runs[-1].last if self._runs else 0
        if (
            self._runs
            and not connection.execute(
                "select 1 from raw.files where file_no = $last and file_id = $last_id",
                {"last": covered, "last_id": self._runs[-1].last_id},
            ).fetchall()
        ):
            self._forget()
            covered = 0
        ahead = connection.execute(
            """select max(file_no), max_by(file_id, file_no) from raw.files
               where table_name = $table and rows_landed > 0 and file_no > $covered
               having count(*) > 0""",
            {"table": table, "covered": covered},
        ).fetchall()
        for last, last_id in ahead:
            hashes = connection.sql(
                f"""select event_hash from raw.{table} where $covered = 0 or file_id in (
                        select file_id from raw.files where file_no > $covered
                    ) order by event_hash""",  # noqa: S608 - names of our own tables
                params={"covered": covered},
            ).to_arrow_table()
            self.add(hashes["event_hash"].combine_chunks(), last, last_id)

    def has_any(self, hashes: pa.UInt64Array) -> bool:
        """Whether one of these hashes (ascending) may have landed before."""
        return any(_meet(run.hashes(), hashes) for run in self._runs)

    def add(self, hashes: pa.UInt64Array, file_no: int, file_id: str) -> None:
        """Add the hashes (ascending) of a landed file.

        Runs of similar length are merged. So few runs exist, and a hash is rewritten only when the
        total doubles.
        """
        first = self._runs[-1].last + 1 if self._runs else 1
        merged: list[_Run] = []
        while self._runs and self._runs[-1].length <= max(2 * len(hashes), _SHORT):
            run = self._runs.pop()
            hashes = _merge(run.hashes(), hashes)
            first = run.first
            merged.append(run)
        path = self._folder / f"{first}-{file_no}-{file_id}-{len(hashes)}.u64"
        _write(hashes, path)
        for run in merged:
            run.path.unlink()
        self._runs.append(_Run(path, first, file_no, file_id))

    def _forget(self) -> None:
        for run in self._runs:
            run.path.unlink()
        self._runs = []


def _read_runs(folder: Path) -> list[_Run]:
    """List consecutive runs, and delete all other files."""
    found = []
    for path in folder.iterdir():
        name = _NAME.fullmatch(path.name)
        if name is None or not path.stat().st_size or path.stat().st_size != 8 * int(name[4]):
            path.unlink()
        else:
            found.append(_Run(path, int(name[1]), int(name[2]), name[3]))
    # If two runs start at the same file, the longer run contains the shorter run.
    runs: list[_Run] = []
    for run in sorted(found, key=lambda run: (run.first, -run.last)):
        expected = runs[-1].last + 1 if runs else 1
        if run.first == expected:
            runs.append(run)
        else:
            run.path.unlink()
    return runs


def _meet(known: pa.UInt64Array, hashes: pa.UInt64Array) -> bool:
    """Whether two ascending arrays have a hash in common; the first may be much longer."""
    import polars as pl  # slow to import, and not needed for the first file

    found, wanted = pl.Series(known), pl.Series(hashes)
    places = found.search_sorted(wanted).clip(0, len(found) - 1)
    return (found.gather(places) == wanted).any()


def _merge(one: pa.UInt64Array, other: pa.UInt64Array) -> pa.UInt64Array:
    """Merge two ascending arrays."""
    import polars as pl

    frames = [pl.Series("hash", hashes).to_frame() for hashes in (one, other)]
    return frames[0].merge_sorted(frames[1], key="hash").to_series().rechunk().to_arrow()


def _write(hashes: pa.UInt64Array, path: Path) -> None:
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as handle:
        handle.write(hashes.buffers()[1].slice(hashes.offset * 8, len(hashes) * 8))
        os.fsync(handle.fileno())
    temporary.replace(path)
