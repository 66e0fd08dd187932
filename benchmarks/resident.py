"""From a file in the landing folder to the mail server's answer, through the resident process."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import _company, _postfix, tick
from benchmarks._measure import ROOT, Comparison, Scale, call
from senders.addresses import email_hash

_BIN = Path(sys.executable).parent
_WAIT_SECONDS = 300


def comparisons(scale: Scale, scratch: Path) -> Iterator[Comparison]:
    """Compare the 95th percentile with a tick that finds nothing; skipped without Postfix."""
    sink = _postfix.find("smtp-sink")
    if sink is None:
        print("mail by the resident process: skipped: smtp-sink is missing", file=sys.stderr)
        return
    home = _company.make(scratch, scale)
    copy = shutil.copytree(home, scratch / "copy")
    files = scale.of(100, 2)
    with _postfix.listening(sink) as port:
        yield Comparison(
            f"file in the landing folder to the server's 250, p95 of {files}",
            lambda: call(mail, home=home, files=files, port=port),
            "a tick of such a process with nothing new",
            lambda: call(tick.tick_again, home=copy),
            repeat=1,
        )


def mail(home: str, files: int, port: int) -> dict[str, float]:
    """Start `sendhouse run`, land files one after the other, and time each until its mail left.

    Each file holds one sign-up, which the sequence `activation` welcomes at once.

    Returns:
        The 95th percentile as `seconds`, and the `median` and the `longest` wait.
    """
    settings = {
        "home": home,
        "link_key": "a key for benchmarks",
        "delivery__sender": "smtp",
        "smtp__port": str(port),
        "smtp__security": "none",
        "schedule__tick_cron": "0 0 1 1 *",  # once a year: files alone wake the process
    }
    environment = {f"SENDHOUSE_{name.upper()}": value for name, value in settings.items()}
    process = subprocess.Popen(
        [_BIN / "sendhouse", "run"],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
    )
    try:
        waits: list[float] = []
        # The first ticks decide what is due since the company's last month.
        _land(Path(home), -1)
        _mailed(Path(home), -1)
        for number in range(files):
            started = time.time()
            _land(Path(home), number)
            waits.append(_mailed(Path(home), number) - started)
    finally:
        process.terminate()
        process.wait()
    return {
        "seconds": statistics.quantiles(waits, n=20, method="inclusive")[-1],
        "median": statistics.median(waits),
        "longest": max(waits),
    }


def _land(home: Path, number: int) -> None:
    event = {
        "event_id": f"benchmark-{number}",
        "contact_key": _address(number),
        "name": "signed_up",
        "occurred_at": datetime.now(UTC).isoformat(),
        "properties": {"marketing_consent": True},
    }
    path = home / "landing" / "events" / f"benchmark-{number}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}")
    unfinished.write_text(json.dumps(event) + "\n", encoding="utf-8")
    unfinished.replace(path)


def _mailed(home: Path, number: int) -> float:
    """Wait until the journal has the mail server's answer for a file; the time (Unix)."""
    wanted = email_hash(_address(number))
    journal = f"file:{home / 'journal.sqlite'}?mode=ro"
    deadline = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < deadline:
        with closing(sqlite3.connect(journal, uri=True)) as connection:
            sent = connection.execute(
                "select count(*) from attempts where status = 'sent' and email_hash = ?", [wanted]
            ).fetchone()
        if sent[0]:
            return time.time()
        time.sleep(0.02)
    raise RuntimeError(f"no mail for file {number} after {_WAIT_SECONDS} s")


def _address(number: int) -> str:
    return f"benchmark.{number}@example.net"
