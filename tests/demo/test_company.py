import csv
import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from dagster_project.home.settings import PROJECT_DIR, load_settings
from demo.company import Company
from demo.timeline import BEGIN, FIRST_DAY, LAST_DAY, days, midnight


def tree(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def contacts(landing: Path, name: str = "contacts-2026-03-01.csv") -> list[list[str]]:
    path = landing / "northwind_contacts" / name
    return list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))


def lines(folder: Path) -> list[str]:
    return [
        line
        for path in sorted(folder.glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]


def parsed(texts: list[str]) -> list[dict]:
    rows = []
    for text in texts:
        try:
            rows.append(json.loads(text))
        except ValueError:
            continue
    return rows


@pytest.fixture(scope="module")
def history(landing: Path) -> list[dict]:
    return [json.loads(line) for line in lines(landing / "northwind_history")]


@pytest.fixture(scope="module")
def window(landing: Path) -> list[dict]:
    return list({row["event_id"]: row for row in parsed(lines(landing / "events"))}.values())


def at(row: dict) -> datetime:
    return datetime.fromisoformat(row["occurred_at"])


# ── the same, each time ──────────────────────────────────────────────────────────────────────────


def test_another_process_writes_the_same_bytes(landing: Path, tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from demo.company import Company\n"
        "from demo.timeline import FIRST_DAY, LAST_DAY, days\n"
        "company, folder = Company(), Path(sys.argv[1])\n"
        "company.write_history(folder)\n"
        "for day in days(FIRST_DAY, LAST_DAY): company.write_day(folder, day)\n"
    )
    environment = os.environ | {"PYTHONHASHSEED": "12345", "TZ": "Asia/Tokyo"}
    subprocess.run(
        [sys.executable, "-c", script, tmp_path], check=True, cwd=PROJECT_DIR, env=environment
    )
    assert tree(tmp_path) == tree(landing)


def test_another_seed_is_another_company(landing: Path, tmp_path: Path) -> None:
    Company(seed=8).write_history(tmp_path)
    ours, others = tree(landing), tree(tmp_path)
    assert set(others) <= set(ours)
    assert all(others[name] != ours[name] for name in others)


def test_a_day_in_four_parts_has_the_same_events_as_a_whole_day(tmp_path: Path) -> None:
    company, day = Company(), FIRST_DAY + timedelta(days=7)
    company.write_day(tmp_path / "one", day)
    for hour in (0, 6, 12, 18):
        since = midnight(day) + timedelta(hours=hour)
        company.write_between(tmp_path / "four", since, since + timedelta(hours=6))
    one, four = (parsed(lines(tmp_path / name / "events")) for name in ("one", "four"))
    assert {row["event_id"] for row in one} == {row["event_id"] for row in four}
    assert tree(tmp_path / "one" / "northwind_contacts") == tree(
        tmp_path / "four" / "northwind_contacts"
    )


def test_no_temporary_file_remains(landing: Path) -> None:
    assert all(re.search(r"\.(csv|jsonl)$", name) for name in tree(landing))


# ── the CRM and its dirt ─────────────────────────────────────────────────────────────────────────


def test_every_mapped_column_is_in_the_export(landing: Path) -> None:
    sources = load_settings().sources
    for name in ("northwind_contacts", "northwind_companies", "northwind_deals"):
        (first, *_) = sorted((landing / name).glob("*.csv"))
        header = first.read_text(encoding="utf-8-sig").splitlines()[0].split(",")
        assert set(sources[name].columns.values()) == set(header)


def test_exports_start_with_a_byte_order_mark(landing: Path) -> None:
    assert all(path.read_bytes()[:3] == b"\xef\xbb\xbf" for path in landing.rglob("*.csv"))


def test_some_addresses_are_dirty_missing_or_invalid(landing: Path) -> None:
    emails = [row[3] for row in contacts(landing)[1:] if len(row) == 17]
    assert sum(email != email.strip() for email in emails) > 80
    assert sum(email != email.lower() for email in emails) > 80
    assert sum(not email for email in emails) > 15
    well_formed = re.compile(r"[^@\s]+@[^@\s]+\.[a-z]+")
    wrong = [e for e in emails if e and not well_formed.fullmatch(e.strip().lower())]
    assert 10 < len(wrong) < 60


def test_some_rows_occur_twice_and_some_people_share_an_address(landing: Path) -> None:
    rows = [tuple(row) for row in contacts(landing)[1:]]
    assert sum(count - 1 for count in Counter(rows).values()) >= 10
    people = {row[0]: row[3].strip().lower() for row in rows if "@" in row[3]}
    shared = [email for email, count in Counter(people.values()).items() if count > 1]
    assert 3 <= len(shared) <= 12


def test_some_rows_are_broken(landing: Path) -> None:
    header, *rows = contacts(landing)
    assert sum(len(row) == len(header) + 1 for row in rows) == 2
    dates = [row[15] for row in rows if len(row) == len(header)]
    assert {"31/02/2026", "yesterday"} <= set(dates)
    employees = (landing / "northwind_companies/companies-2026-03-01.csv").read_text("utf-8-sig")
    assert ",51-200," in employees
    assert ",unknown," in employees


def test_six_percent_never_agreed_and_one_percent_withdrew(landing: Path) -> None:
    rows = [row for row in contacts(landing)[1:] if len(row) == 17]
    never = sum(row[13] != "true" and not row[14] for row in rows) / len(rows)
    left = sum(row[13] == "false" and row[14] != "" for row in rows) / len(rows)
    assert never == pytest.approx(0.06, abs=0.02)
    assert left == pytest.approx(0.01, abs=0.008)


def test_names_come_from_many_countries(landing: Path) -> None:
    names = " ".join(f"{row[1]} {row[2]}" for row in contacts(landing)[1:])
    assert all(letter in names for letter in "üéłåã'")
    assert re.search(r"[\u4e00-\u9fff]", names)


def test_later_exports_contain_new_people_and_new_jobs(landing: Path) -> None:
    files = sorted(path.name for path in (landing / "northwind_contacts").iterdir())
    assert len(files) == 5
    first, last = contacts(landing, files[0]), contacts(landing, files[-1])
    before, after = ({row[0]: row for row in rows if len(row) == 17} for rows in (first, last))
    assert len(after) - len(before) > 300
    jobs = [key for key in before if before[key][4] != after[key][4]]
    assert 10 < len(jobs) < 60
    assert all(after[key][16] > before[key][16] for key in jobs)
    stages = Counter((before[key][9], after[key][9]) for key in before)
    assert stages["lead", "trial"] > 50


def test_all_addresses_and_urls_use_reserved_domains(landing: Path) -> None:
    for path in landing.rglob("*"):
        if path.is_file():
            domains = re.findall(r"@([\w.-]+\.\w+)", path.read_text(encoding="utf-8-sig"))
            assert all(domain.lower().endswith(".example") for domain in domains), path


# ── what people do ───────────────────────────────────────────────────────────────────────────────


def test_history_is_long_clean_and_small(landing: Path, history: list[dict]) -> None:
    assert 20_000 < len(history) <= 60_000
    assert len({row["event_id"] for row in history}) == len(history)
    assert max(map(at, history)) < BEGIN
    assert timedelta(days=195) < BEGIN - min(map(at, history)) <= timedelta(days=201)
    assert sum(path.stat().st_size for path in landing.rglob("*.*")) < 20_000_000


def test_twenty_to_thirty_sign_up_on_a_working_day_and_fewer_at_weekends(
    window: list[dict],
) -> None:
    per_day = Counter(at(row).date() for row in window if row["name"] == "signed_up")
    for day in days(FIRST_DAY, LAST_DAY):
        low, high = (8, 18) if day.weekday() >= 5 else (19, 32)
        assert low <= per_day[day] <= high, day


def test_a_third_sets_up_within_two_days_and_fewer_activate_and_buy(window: list[dict]) -> None:
    first = defaultdict(dict)
    for row in window:
        person = row["event_id"].split("-")[1]
        first[person].setdefault(row["name"], at(row))
    signed_up = [
        moments
        for moments in first.values()
        if "signed_up" in moments
        and moments["signed_up"] < midnight(FIRST_DAY + timedelta(days=20))
    ]
    in_time = [
        m
        for m in signed_up
        if "setup_completed" in m and m["setup_completed"] - m["signed_up"] < timedelta(days=2)
    ]
    funnel = [
        len(signed_up),
        len(in_time),
        sum("activated" in m for m in signed_up),
        sum("purchase_completed" in m for m in signed_up),
    ]
    assert in_time
    assert len(in_time) / len(signed_up) == pytest.approx(0.35, abs=0.05)
    assert all(fewer < more for more, fewer in pairwise(funnel))
    assert funnel[-1] > 10


def test_most_sign_ups_include_consent(window: list[dict]) -> None:
    given = [row["properties"]["marketing_consent"] for row in window if row["name"] == "signed_up"]
    assert 0.88 < sum(given) / len(given) < 0.98


def test_new_people_have_their_address_as_key_until_the_crm_exports_them(
    window: list[dict],
) -> None:
    keys = defaultdict(list)
    for row in sorted(window, key=at):
        keys[row["event_id"].split("-")[1]].append(row["contact_key"])
    known, new = Counter(), Counter()
    for person, used in keys.items():
        (new if "@" in used[0] else known)[person] += 1
        by_id = [key == person for key in used]
        assert by_id == sorted(by_id)
    assert len(known) > 200
    assert len(new) > 300


def test_a_few_dozen_fall_silent_during_the_month_and_few_before(
    history: list[dict], window: list[dict]
) -> None:
    moments = defaultdict(list)
    for row in [*history, *window]:
        moments[row["event_id"].split("-")[1]].append(at(row))

    def silent(now: datetime) -> set[str]:
        seen = {person: [m for m in times if m <= now] for person, times in moments.items()}
        return {p for p, times in seen.items() if times and now - max(times) > timedelta(days=90)}

    at_start, at_end = silent(BEGIN), silent(midnight(LAST_DAY))
    assert 80 <= len(at_start) <= 150
    assert 36 <= len(at_end - at_start) <= 80


def test_some_events_arrive_twice_late_or_torn(landing: Path, window: list[dict]) -> None:
    texts = lines(landing / "events")
    rows = parsed(texts)
    assert 20 < len(rows) - len(window) < 100
    assert 4 <= len(texts) - len(rows) <= 20
    late = 0
    for path in (landing / "events").iterdir():
        day = date.fromisoformat(path.stem.removeprefix("northwind-")[:10])
        dates = [at(row).date() for row in parsed(path.read_text("utf-8").splitlines())]
        assert set(dates) <= {day, day - timedelta(days=1)}
        late += sum(date < day for date in dates)
    assert late > 50
