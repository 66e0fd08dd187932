from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.collector.running import free_port
from tests.support import small_company
from tests.support.home import Home, finish

if TYPE_CHECKING:
    from tests.support.project_copy import ProjectCopy

LINK_KEY = "the-key-that-signs-links-and-is-nobodys-business"
PASSWORD = "the-password-of-the-mail-server"


def test_a_tick_with_no_send_decides_and_a_later_tick_sends(waiting: Home):
    mail = waiting.mail()

    not_sent = waiting.tick_command(small_company.SECOND, "--no-send").report
    assert not_sent["dispatched"] == {}
    assert not_sent["decided"]["sends"] > 0
    assert waiting.mail() == mail
    queue = waiting.queue()

    sent = waiting.tick_command(small_company.SECOND, "--sender", "file").report
    assert sent["dispatched"]["sent"] == len(queue) > 0
    assert waiting.mail().keys() == mail.keys() | queue.keys()


def test_an_unreachable_server_fails_the_tick_and_no_secret_is_written(waiting: Home):
    failed = waiting.tick_command(
        small_company.SECOND,
        "--sender",
        "smtp",
        SENDHOUSE_LINK_KEY=LINK_KEY,
        SENDHOUSE_SMTP_PASSWORD=PASSWORD,
        SENDHOUSE_SMTP__USERNAME="postmaster",
        SENDHOUSE_SMTP__PORT=str(free_port()),
        SENDHOUSE_SMTP__SECURITY="none",
    )

    assert failed.code == 1
    report = json.loads(failed.out)
    assert report["decided"]["sends"] > 0
    assert [error.partition(":")[0] for error in report["errors"]] == ["dispatch"]
    assert report["errors"][0] in failed.err
    written = [path.read_bytes() for path in waiting.folder.rglob("*") if path.is_file()]
    for secret in (LINK_KEY, PASSWORD):
        assert secret not in failed.out + failed.err
        assert not any(secret.encode() in content for content in written)


def test_a_tick_with_nothing_new_loads_neither_dagster_nor_dbt(settled: Home):
    """Their import takes longer than the rest of such a tick."""
    settled.tick(small_company.SECOND)  # loads the tries of the tick before
    program = (
        "import sys\n"
        "from dagster_project.cli import main\n"
        f"sys.argv = ['sendhouse', 'tick', '--as-of', '{small_company.SECOND.isoformat()}']\n"
        "try: main()\n"
        "finally: print({'dagster', 'dbt'} & {*sys.modules})"
    )
    done = finish(settled.spawn("python", "-c", program))

    assert done.code == 0, done.err
    assert done.out.splitlines()[-1] == "set()"


@pytest.mark.parametrize("sender", ["smtp", "pigeon"])
def test_an_unusable_sender_stops_the_tick_before_any_decision(home: Home, sender: str):
    stopped = home.tick_command(small_company.FIRST, "--sender", sender)

    assert stopped.code == 3
    message = json.loads(stopped.out)["error"]
    expected = {"smtp": "SENDHOUSE_LINK_KEY", "pigeon": "available: file, smtp"}
    assert expected[sender] in message
    assert not (home.folder / "warehouse.duckdb").exists()


def test_a_clock_before_the_last_tick_is_refused(settled: Home):
    refused = settled.tick_command(small_company.SECOND - timedelta(days=1))

    assert refused.code == 2
    assert "cannot go back" in refused.err


@pytest.mark.parametrize("instant", ["yesterday", "2026-03-02T06:00"])
def test_an_invalid_instant_or_one_without_offset_is_wrong_usage(home: Home, instant: str):
    done = finish(home.start("tick", "--as-of", instant))

    assert done.code == 2
    assert instant in done.err
    assert "2026-03-02T06:00Z" in done.err


def test_an_unparsable_project_fails_the_tick_with_file_and_name(home: Home, project: ProjectCopy):
    name = "models/sequences/b2b/activation.sql"
    with project.edited((name, "template='activation/welcome'", "template='activation/hello'")):
        # A process of its own: it loads the definitions of another project.
        tick = home.spawn("sendhouse", "tick", SENDHOUSE_PROJECT_DIR=str(project.folder))
        failed = finish(tick)

    assert failed.code == 3
    assert f"{name}: step 'welcome' names template 'activation/hello'" in failed.err
    assert "Traceback" not in failed.err
