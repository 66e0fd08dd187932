"""Dagster's UI in a real browser, started by `sendhouse ui`."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from dagster_project.home import warehouse
from tests.collector.running import free_port
from tests.support import small_company
from tests.support.home import COMMANDS, Home, finish

if TYPE_CHECKING:
    from collections.abc import Iterator

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
NOW = datetime.now(UTC)
LOCATION = "locations/dagster_project.definitions"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not CHROMIUM.exists(), reason="chromium is not installed (scripts/test-deps.sh)"
    ),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A company whose first exports are in the landing folder, before the first tick."""
    home = Home(tmp_path_factory.mktemp("ui") / "home")
    small_company.write_history(home)
    visits = [
        {
            "event_id": f"activated-{number}-days-ago",
            "contact_key": f"visitor.{number}@example.net",
            "name": "activated",
            "occurred_at": NOW - timedelta(days=number),
        }
        for number in range(1, 41)
    ]
    # In this source, received_at equals occurred_at.
    home.land("northwind_history/visits.jsonl", visits)
    return home


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file with everything that the UI prints to the terminal."""
    return tmp_path_factory.mktemp("ui-log") / "log"


@pytest.fixture(scope="module")
def ui(home: Home, log: Path) -> Iterator[str]:
    """The address of a running UI; its daemon and code server end with it."""
    port = free_port()
    with log.open("w") as out:
        process = subprocess.Popen(
            [COMMANDS / "sendhouse", "ui", "--port", str(port)],
            env=os.environ | home.variables,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        _wait_until_it_answers(process, f"http://127.0.0.1:{port}", log)
        yield f"http://127.0.0.1:{port}"
    finally:
        _end(process)
    assert "Traceback" not in log.read_text()
    assert "dagster.components" not in log.read_text()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1600, "height": 1000})
    page.set_default_timeout(60_000)
    expect.set_options(timeout=60_000)
    yield page
    page.close()


def seen(page: Page, text: str):
    """The first visible element with exactly this text."""
    return page.get_by_text(text, exact=True).filter(visible=True).first


def test_the_terminal_shows_no_warning(ui: str, log: Path):
    """The code location is loaded by the UI, the daemon and each code server."""
    printed = log.read_text()

    assert "Serving dagster-webserver" in printed
    assert "WARNING" not in printed


def test_lineage_leads_from_landing_to_the_funnel(ui: str, page: Page):
    page.goto(f"{ui}/asset-groups")
    for group in ("landing", "staging", "segments", "sequences", "delivery", "funnels", "serving"):
        expect(seen(page, group)).to_be_visible()

    upstream = "view=lineage&lineageScope=upstream&lineageDepth=20"
    page.goto(f"{ui}/assets/funnels/sequence_steps?{upstream}")
    for node in ("events", "stg_events", "trial_accounts", "activation", "sends", "sequence_steps"):
        expect(seen(page, node)).to_be_visible()


def test_the_schedule_and_the_sensors_are_listed_and_only_the_records_are_on(ui: str, page: Page):
    page.goto(f"{ui}/automation")

    for name in ("every_few_minutes", "new_files", "tick_records"):
        expect(seen(page, name)).to_be_visible()
    # Checkboxes to select rows, and the switch of each row: one is switched on, none is selected.
    boxes = page.get_by_role("checkbox")
    expect(boxes.nth(5)).to_be_attached()
    assert sum(box.is_checked() for box in boxes.all()) == 1


def test_a_tick_started_in_the_browser_waits_for_the_running_tick_and_succeeds(
    ui: str, page: Page, home: Home
):
    lock = home.folder / "warehouse.lock"
    with warehouse.exclusive(lock, "a tick of this test"):
        page.goto(f"{ui}/{LOCATION}/jobs/tick")
        page.get_by_role("button", name="Materialize all").click()
        # Dagster asks for confirmation if assets outside the job are missing: the audit's tables.
        confirm = page.get_by_role("button", name="Confirm")
        launched = page.get_by_text("Launched run")
        expect(confirm.or_(launched).first).to_be_visible()
        if confirm.is_visible():
            confirm.click()
        expect(launched.first).to_be_visible()
        page.goto(f"{ui}/runs")
        started = page.get_by_text("Started", exact=True).filter(visible=True)
        expect(started.first).to_be_visible()
        assert home.rows("select count(*) from raw.files") == [(0,)]

    page.locator("a[href*='/runs/']").filter(visible=True).first.click()
    expect(page.get_by_text("Success", exact=True).filter(visible=True).first).to_be_visible(
        timeout=180_000
    )
    [(landed,)] = home.rows("select count(*) from raw.files")
    assert landed == 3
    assert home.rows("select count(*) > 0 from funnels.sequence_steps") == [(True,)]

    page.goto(f"{ui}/assets/segments/silent")
    [(rows,)] = home.rows("select count(*) from segments.silent")
    for text in ("Row count", str(rows), "marketing@northwind.example", "segments", "DuckDB"):
        expect(seen(page, text)).to_be_visible()
    expect(
        page.get_by_text("A contact that was never active is not silent", exact=False).first
    ).to_be_visible()

    # A pool is listed after its first run. The row shows name and limit.
    page.goto(f"{ui}/deployment/concurrency")
    table = re.compile(r"Pool\s+Limit\s+warehouse\s+1\b(?!\d)")
    expect(page.locator("body")).to_contain_text(table, use_inner_text=True)


def test_a_month_backfilled_in_the_browser_is_one_run_and_sends_nothing(
    ui: str, page: Page, home: Home
):
    first, last = NOW.date() - timedelta(days=31), NOW.date() - timedelta(days=2)
    before = (home.decided(), home.tries(), home.mail(), home.queue())
    assert before[3]
    page.goto(f"{ui}/assets/segments/membership_daily?view=partitions")
    page.get_by_role("button", name="Materialize").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Backfills all partitions in a single run.")).to_be_visible()
    days = dialog.locator("input[type=text]").first
    days.fill(f"[{first}...{last}]")
    days.press("Enter")
    expect(dialog.get_by_text("30 partitions")).to_be_visible()
    dialog.get_by_role("button", name="Launch backfill").click()
    expect(dialog).to_be_hidden()

    page.goto(f"{ui}/runs/?tab=backfills")
    row = page.locator("tr, [class*=Row]").filter(has_text="30 partitions").first
    expect(row.get_by_text(re.compile("Success|Completed"))).to_be_visible(timeout=180_000)
    # One contact is activated per day; each day counts the contacts activated by its end.
    members = home.rows(
        "select day, count(*) from segments.membership_daily where segment = 'activated' "
        "group by day order by day"
    )
    assert members == [(first + timedelta(days=n), 10 + n) for n in range(30)]
    assert (home.decided(), home.tries(), home.mail(), home.queue()) == before


def test_a_tick_of_the_resident_process_is_a_run_with_its_tags(ui: str, page: Page, home: Home):
    resident = home.start("run")
    try:
        page.goto(f"{ui}/runs?q[0]=tag:user=sendhouse run")
        for text in ("sendhouse/clock: ", "sendhouse/rows_landed: ", "sendhouse/sent: "):
            expect(page.get_by_text(text).filter(visible=True).first).to_be_visible()
        expect(seen(page, "Success")).to_be_visible()
    finally:
        resident.send_signal(signal.SIGTERM)
        assert finish(resident).code == 0
    page.locator("a[href*='/runs/']").filter(visible=True).first.click()
    expect(page.get_by_text("sendhouse run ended.").first).to_be_visible()


def _wait_until_it_answers(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{address}/server_info").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise AssertionError(f"the UI did not start: {log.read_text()}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Stop the UI as Ctrl-C does; kill processes that are still running after 30 seconds."""
    process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + 30
    while _running(process.pid) and time.monotonic() < deadline:
        process.poll()
        time.sleep(0.2)
    if _running(process.pid):
        os.killpg(process.pid, signal.SIGKILL)


def _running(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
