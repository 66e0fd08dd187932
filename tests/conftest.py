"""Installations to test on: lived in once a session, and copied back for each test."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import mailbox, small_company
from tests.support.home import Home, Rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Undisturbed:
    """What the second tick does when nobody disturbs it, and the folder it leaves."""

    folder: Path
    report: dict[str, Any]
    mail: dict[str, bytes]
    decided: dict[str, Rows]
    landed: dict[str, Rows]
    queue: dict[str, str]


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The one path at which every copy of the company lives.

    Landed files are known by their paths, and dbt parses anew for a warehouse that is elsewhere.
    """
    return tmp_path_factory.mktemp("company") / "home"


@pytest.fixture(scope="session")
def ticked_once(place: Path) -> Path:
    """The company after its first tick, with a week's news in the landing folder."""
    home = Home(place)
    small_company.write_history(home)
    report = home.live(small_company.FIRST)
    assert report.dispatched["sent"] > 60
    small_company.write_news(home)
    return _keep(place, "ticked-once")


@pytest.fixture(scope="session")
def undisturbed(place: Path, ticked_once: Path) -> Undisturbed:
    """The second tick, undisturbed: what the disturbed ones are held against."""
    home = _put_back(ticked_once, place)
    tick = home.tick(small_company.SECOND)
    assert tick.report["dispatched"]["sent"] > 60
    return Undisturbed(
        folder=_keep(place, "ticked-twice"),
        report=tick.report,
        mail=home.mail(),
        decided=home.decided(),
        landed=home.landed(),
        queue=home.queue(),
    )


@pytest.fixture
def waiting(place: Path, ticked_once: Path) -> Home:
    """The company with its second tick ahead of it."""
    return _put_back(ticked_once, place)


@pytest.fixture
def settled(place: Path, undisturbed: Undisturbed) -> Home:
    """The company after its second tick."""
    return _put_back(undisturbed.folder, place)


@pytest.fixture
def start_mailbox(tmp_path: Path) -> Iterator[Callable[..., mailbox.Mailbox]]:
    """Start SMTP servers that keep what they accept; they end with the test."""
    started: list[mailbox.Mailbox] = []

    def start(**options: int) -> mailbox.Mailbox:
        started.append(mailbox.start(tmp_path / f"mailbox-{len(started)}", **options))
        return started[-1]

    yield start
    for server in started:
        server.stop()


def _keep(place: Path, name: str) -> Path:
    return shutil.copytree(place, place.with_name(name))


def _put_back(kept: Path, place: Path) -> Home:
    shutil.rmtree(place)
    shutil.copytree(kept, place)
    return Home(place)
