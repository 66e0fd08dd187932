"""Homes for tests: each home is built once for all test processes and copied for each test."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from dagster_project.home import warehouse
from tests.support import mailbox, small_company, warm
from tests.support.home import Home, Rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Undisturbed:
    """The results of the second tick without a crash or late files, and the folder of its home."""

    folder: Path
    report: dict[str, Any]
    mail: dict[str, bytes]
    decided: dict[str, Rows]
    landed: dict[str, Rows]
    queue: dict[str, str]


def pytest_sessionfinish() -> None:
    warm.close()


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The path of all home copies of this test process.

    Each copy replaces the previous copy, so dbt and Dagster see one home.
    """
    return tmp_path_factory.mktemp("company") / "home"


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of homes that all test processes copy from."""
    folder = tmp_path_factory.getbasetemp()
    return (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "kept"


@pytest.fixture(scope="session")
def ticked_once(kept: Path, place: Path) -> Path:
    """The company after its first tick, with a week of new files in the landing folder."""

    def live() -> Home:
        home = Home(place)
        small_company.write_history(home)
        report = home.live(small_company.FIRST)
        assert report.dispatched["sent"] > 60
        small_company.write_news(home)
        return home

    return _built_once(kept / "ticked-once", live)


@pytest.fixture(scope="session")
def undisturbed(kept: Path, place: Path, ticked_once: Path) -> Undisturbed:
    """The second tick as an undisturbed Dagster run: the reference for disturbed ticks."""

    def tick() -> Home:
        home = put_back(ticked_once, place)
        report = home.tick_command(small_company.SECOND).report
        assert report["dispatched"]["sent"] > 60
        (home.folder / "report.json").write_text(json.dumps(report), encoding="utf-8")
        return home

    folder = _built_once(kept / "ticked-twice", tick)
    home = put_back(folder, place)
    return Undisturbed(
        folder=folder,
        report=json.loads((folder / "report.json").read_text(encoding="utf-8")),
        mail=home.mail(),
        decided=home.decided(),
        landed=home.landed(),
        queue=home.queue(),
    )


@pytest.fixture(scope="session")
def decided_only(kept: Path, place: Path, ticked_once: Path) -> Path:
    """The company in the middle of its second tick: after the decisions, before the dispatch."""

    def decide() -> Home:
        home = put_back(ticked_once, place)
        home.decide(small_company.SECOND)
        return home

    return _built_once(kept / "decided", decide)


@pytest.fixture
def waiting(place: Path, ticked_once: Path) -> Home:
    """The company before its second tick."""
    return put_back(ticked_once, place)


@pytest.fixture
def due(place: Path, decided_only: Path) -> Home:
    """The company with its second tick decided and its mail still in the queue."""
    return put_back(decided_only, place)


@pytest.fixture
def settled(place: Path, undisturbed: Undisturbed) -> Home:
    """The company after its second tick."""
    return put_back(undisturbed.folder, place)


@pytest.fixture
def start_mailbox(tmp_path: Path) -> Iterator[Callable[..., mailbox.Mailbox]]:
    """Start SMTP servers that keep the messages they accept; the servers stop after the test."""
    started: list[mailbox.Mailbox] = []

    def start(**options: int) -> mailbox.Mailbox:
        started.append(mailbox.start(tmp_path / f"mailbox-{len(started)}", **options))
        return started[-1]

    yield start
    for server in started:
        server.stop()


def put_back(kept: Path, place: Path) -> Home:
    """Replace the home at `place` with a copy of the home `kept`."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(kept, place)
    return Home(place)


def _built_once(folder: Path, make: Callable[[], Home]) -> Path:
    """The folder of a home that one test process builds while the other test processes wait."""
    folder.parent.mkdir(exist_ok=True)
    with warehouse.exclusive(folder.with_suffix(".lock"), "a test", wait_seconds=300):
        if not folder.exists():
            unfinished = folder.with_suffix(".unfinished")
            shutil.copytree(make().folder, unfinished)
            unfinished.rename(folder)
    return folder
