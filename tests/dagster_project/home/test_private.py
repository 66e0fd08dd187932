"""The home of an installation is readable by its owner alone."""

from __future__ import annotations

import grp
import logging
import os
import stat
from typing import TYPE_CHECKING

import pytest

from dagster_project.home import private
from dagster_project.home.settings import Settings, SettingsError, load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Folders end with a slash.
OLD_HOME = {
    "": 0o755,
    "warehouse.duckdb": 0o644,
    "warehouse.lock": 0o664,
    "journal.sqlite": 0o666,
    "landing/": 0o777,
    "landing/events/": 0o755,
    "landing/events/a.jsonl": 0o644,
    "landing/.done/2026-03-01/events/": 0o755,
    "landing/.done/2026-03-01/events/b.csv": 0o640,
    "landing/tracking/.collector-c.jsonl.part": 0o640,
    "outbox/2026-03-01/": 0o750,
    "outbox/2026-03-01/send.eml": 0o604,
    "serving/": 0o755,
    "serving/analytics.duckdb": 0o644,
    "report/segments.html": 0o644,
    "dagster/storage/run/compute_logs/x.err": 0o644,
    "dbt/dbt.log": 0o644,
    "seen/run.sh": 0o755,
}


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def old(tmp_path: Path) -> Settings:
    """The home of an earlier version, in a folder with a friendly umask."""
    home = tmp_path / "home"
    home.mkdir()
    for name in OLD_HOME:
        path = home / name
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
        elif name:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("personal data", encoding="utf-8")
    for name, mode in OLD_HOME.items():
        (home / name).chmod(mode)
    return load_settings(home=home)


def modes(home: Path) -> dict[str, int]:
    paths = [home, *home.rglob("*")]
    return {str(path.relative_to(home)): stat.S_IMODE(path.stat().st_mode) for path in paths}


def test_an_old_home_is_closed_and_the_change_is_said_once(
    old: Settings, caplog: pytest.LogCaptureFixture
):
    private.close(old)
    found = modes(old.home)
    assert {name: mode for name, mode in found.items() if mode & 0o077} == {}
    assert found["."] == found["landing/.done"] == found["outbox/2026-03-01"] == 0o700
    assert found["warehouse.duckdb"] == found["landing/events/a.jsonl"] == 0o600
    assert found["seen/run.sh"] == 0o700
    [said] = caplog.messages
    assert said.startswith(f"changed the permissions of {len(found)} files and folders in ")

    caplog.clear()
    private.close(old)
    assert caplog.messages == []


@pytest.mark.parametrize(
    "name", [name for name in OLD_HOME if name.count("/") <= name.endswith("/")]
)
def test_one_open_name_in_the_home_is_enough_to_look_into_it(old: Settings, name: str):
    private.close(old)
    (old.home / name).chmod(OLD_HOME[name])
    (old.home / "outbox" / "2026-03-01" / "send.eml").chmod(0o644)
    private.close(old)
    assert {name: mode for name, mode in modes(old.home).items() if mode & 0o077} == {}


def test_what_the_process_writes_from_then_on_is_private(tmp_path: Path):
    settings = load_settings(home=tmp_path / "new" / "home")
    private.close(settings)
    (settings.home / "folder").mkdir()
    (settings.home / "folder" / "file").touch()
    assert modes(settings.home) == {".": 0o700, "folder": 0o700, "folder/file": 0o600}


def test_files_of_the_project_keep_the_umask_of_the_user(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(private, "_before", [])
    with private.unrestricted():
        (tmp_path / "before").touch()
    private.restrict()
    private.restrict()
    with private.unrestricted():
        (tmp_path / "project").touch()
    (tmp_path / "home").touch()
    found = modes(tmp_path)
    assert (found["before"], found["project"], found["home"]) == (0o644, 0o644, 0o600)


def test_a_link_out_of_the_home_is_not_followed(old: Settings, tmp_path: Path):
    outside = tmp_path / "outside"
    outside.touch(0o644)
    (old.home / "link").symlink_to(outside)
    (old.home / "broken").symlink_to(tmp_path / "nowhere")
    private.close(old)
    assert stat.S_IMODE(outside.stat().st_mode) == 0o644


def test_files_of_other_users_are_named_and_stop_nothing(
    old: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    foreign = old.home / "landing" / "events" / "a.jsonl"
    chmod = type(foreign).chmod

    def refuse(path: Path, mode: int) -> None:
        if path == foreign:
            raise PermissionError(1, "Operation not permitted")
        chmod(path, mode)

    monkeypatch.setattr(type(foreign), "chmod", refuse)
    private.close(old)
    assert [name for name, mode in modes(old.home).items() if mode & 0o077] == [
        "landing/events/a.jsonl"
    ]
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
    assert "1 files" in caplog.messages[1]
    assert str(foreign) in caplog.messages[1]


def test_a_group_reads_the_serving_folder_and_nothing_else(old: Settings):
    own = grp.getgrgid(os.getegid()).gr_name
    settings = old.model_copy(update={"serving_group": own})
    private.close(settings)
    found = modes(settings.home)
    assert found["."] == 0o710
    assert found["serving"] == 0o2750
    assert found["serving/analytics.duckdb"] == 0o640
    inside = {name for name in found if name != "." and not name.startswith("serving")}
    assert not any(found[name] & 0o077 for name in inside)

    copy = settings.serving_dir / "next.parquet"
    copy.touch()
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    private.share(copy, settings)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o640
    assert copy.stat().st_gid == os.getegid()

    private.close(old)
    assert not any(mode & 0o077 for mode in modes(settings.home).values())
    private.share(copy, old)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600


def test_an_unknown_group_is_an_error_of_the_settings(old: Settings):
    with pytest.raises(SettingsError, match="serving_group: this machine has no group 'nobodys'"):
        private.close(old.model_copy(update={"serving_group": "nobodys"}))


def test_a_group_of_other_users_is_an_error_of_the_settings(
    old: Settings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(os, "getegid", lambda: 1000)
    monkeypatch.setattr(os, "getgroups", lambda: [1000])
    with pytest.raises(SettingsError, match="this user is no member of 'daemon'"):
        private.close(old.model_copy(update={"serving_group": "daemon"}))
