from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from dagster_project.home import warehouse
from dagster_project.home.settings import load_settings
from dagster_project.home.source_settings import SourceSettings
from dagster_project.home.warehouse import Clock
from dagster_project.landing import land_new, parse_kind
from dagster_project.landing.errors import FetchError
from dagster_project.landing.fetch import s3
from dagster_project.landing.fetch.remote import Fetched, fetch_new, unfetched
from tests.dagster_project.landing.conftest import NOON
from tests.dagster_project.landing.fetch.remote_support import Proxy

PROJECT = Path(__file__).resolve().parents[4]
FETCH = """
from dagster_project.landing.fetch.remote import fetch_new
from dagster_project.home.settings import load_settings
print([str(fetched) for fetched in fetch_new(load_settings())])
"""


def events(*ids):
    return "".join(
        f'{{"event_id":"{i}","contact_key":"c","name":"n","occurred_at":"2024-06-01"}}\n'
        for i in ids
    ).encode()


@pytest.fixture(scope="module")
def server():
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def store(server, monkeypatch):
    """Return a client with an empty bucket `exports`."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    host, port = server.get_host_and_port()
    client = boto3.client("s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1")
    client.port = port
    client.create_bucket(Bucket="exports")
    yield client
    for page in client.get_paginator("list_objects_v2").paginate(Bucket="exports"):
        for found in page.get("Contents", []):
            client.delete_object(Bucket="exports", Key=found["Key"])
    client.delete_bucket(Bucket="exports")


def put(store, key, content):
    store.put_object(Bucket="exports", Key=key, Body=content)


def keys(port, path="s3://exports/**.jsonl"):
    return {"as": "events", "path": path, "endpoint_url": f"http://127.0.0.1:{port}"}


@pytest.fixture
def shop(make_landing, store):
    """Return a function that creates a landing with the source `shop`: the bucket's JSON lines."""

    def make(**sources):
        landing = make_landing(**(sources or {"shop": keys(store.port)}))
        warehouse.set_clock(landing.connection, Clock(NOON, is_simulated=True))
        return landing

    return make


def fetch(landing):
    [fetched] = fetch_new(landing.settings)
    return fetched


def tick(landing):
    fetched = fetch(landing)
    return fetched, landing.land()


def event_ids(landing):
    return [i for (i,) in landing.rows("select event_id from raw.events order by event_id")]


def in_folder(landing):
    """List the waiting and the landed files of the source."""
    folders = landing.settings.landing_dir.rglob("shop/*")
    return sorted(path.name for path in folders)


def test_each_object_lands_once(shop, store):
    put(store, "crm/a.jsonl", events("a", "b"))
    put(store, "crm/2024/b.jsonl", events("c"))
    landing = shop()
    fetched, landed = tick(landing)
    assert (len(fetched.files), fetched.error) == (2, None)
    assert sorted(file.rows_landed for file in landed) == [1, 2]
    fetched, landed = tick(landing)
    assert (fetched.files, fetched.error, landed) == ([], None, [])
    assert event_ids(landing) == ["a", "b", "c"]


def test_a_changed_object_lands_only_its_new_events(shop, store):
    put(store, "a.jsonl", events("a", "b"))
    landing = shop()
    tick(landing)
    put(store, "a.jsonl", events("a", "b", "c"))
    fetched, [landed] = tick(landing)
    assert len(fetched.files) == 1
    assert (landed.rows_landed, landed.rows_duplicate) == (1, 2)
    assert len(in_folder(landing)) == 2


def test_two_objects_with_the_same_name_both_land(shop, store):
    put(store, "monday/a.jsonl", events("a"))
    put(store, "tuesday/a.jsonl", events("b"))
    landing = shop()
    tick(landing)
    assert event_ids(landing) == ["a", "b"]


def test_a_landed_object_is_not_fetched_again_after_its_file_is_deleted(shop, store):
    put(store, "a.jsonl", events("a"))
    landing = shop()
    [file] = tick(landing)[0].files
    [path] = landing.settings.landing_dir.rglob(file.name)
    path.unlink()
    assert tick(landing) == (Fetched("shop"), [])


def test_a_deleted_file_that_never_landed_is_fetched_again(shop, store):
    put(store, "a.jsonl", events("a"))
    landing = shop()
    [file] = fetch(landing).files
    assert fetch(landing).files == []
    file.unlink()
    assert fetch(landing).files == [file]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.csv", {"a.csv"}),
        ("crm/*.csv", {"crm/a.csv", "crm/[b].csv"}),
        ("crm/**/*.csv", {"crm/a.csv", "crm/[b].csv", "crm/2024/06/c.csv"}),
        ("crm/**", {"crm/a.csv", "crm/[b].csv", "crm/2024/06/c.csv", "crm/2024/06/c.txt"}),
        ("crm/[b].csv", {"crm/[b].csv"}),
        ("crm/?.csv", {"crm/a.csv"}),
        ("nothing/*", set()),
    ],
)
def test_a_pattern_matches_keys_like_file_paths(store, tmp_path, pattern, found):
    for key in (
        "a.csv", "crm/a.csv", "crm/[b].csv", "crm/2024/06/c.csv", "crm/2024/06/c.txt",
        "crm/.hidden.csv", "crm/d.csv.part", "crm/folder.csv/",
    ):  # fmt: skip
        put(store, key, key.encode())
    source = SourceSettings.model_validate(keys(store.port, f"s3://exports/{pattern}"))
    kind = parse_kind("shop", {"shop": source})
    assert {path.read_text() for path in s3.fetch(kind, tmp_path, set())} == found


def test_every_page_of_a_long_listing_is_read(shop, store, monkeypatch):
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "3")
    for n in range(8):
        put(store, f"{n}.jsonl", events(n))
    assert len(store.list_objects_v2(Bucket="exports")["Contents"]) == 3
    landing = shop()
    tick(landing)
    assert event_ids(landing) == [str(n) for n in range(8)]


@pytest.mark.parametrize("happens", ["is deleted", "changes"])
def test_an_object_that_changes_after_the_listing_waits_for_the_next_tick(shop, store, happens):
    for name in "abc":
        put(store, f"{name}.jsonl", events(name))
    landing = shop()
    kind = parse_kind("shop", landing.settings.sources)
    folder = landing.settings.landing_dir / "shop"
    folder.mkdir(parents=True)
    fetching = s3.fetch(kind, folder, set())
    next(fetching)
    if happens == "changes":
        put(store, "b.jsonl", events("b", "new"))
    else:
        store.delete_object(Bucket="exports", Key="b.jsonl")
    assert next(fetching).name.endswith("c.jsonl")
    with pytest.raises(FetchError, match=r"1 objects .* b.jsonl \(changed or deleted"):
        next(fetching)
    landing.land()
    assert event_ids(landing) == ["a", "c"]
    fetched, _ = tick(landing)
    assert fetched.error is None
    assert event_ids(landing) == (["a", "b", "c", "new"] if happens == "changes" else ["a", "c"])


def test_a_broken_download_leaves_no_file_and_does_not_stop_other_objects(shop, store):
    put(store, "big.jsonl", events(*range(20_000)))
    put(store, "small.jsonl", events("small"))
    proxy = Proxy(store.port, after=300_000)
    landing = shop(shop=keys(proxy.port))
    fetched, _ = tick(landing)
    assert proxy.reached.is_set()
    assert fetched.error is not None
    assert fetched.error.startswith(
        "1 objects could not be downloaded; the next tick tries again: big"
    )
    assert [name.rpartition("-")[2] for name in in_folder(landing)] == ["small.jsonl"]
    assert event_ids(landing) == ["small"]
    assert unfetched(landing.connection, landing.settings) == [str(fetched)]
    proxy.close()
    landing.settings.sources["shop"] = SourceSettings.model_validate(keys(store.port))
    assert tick(landing)[0].error is None
    assert len(event_ids(landing)) == 20_001
    assert unfetched(landing.connection, landing.settings) == []


def test_an_unreachable_store_does_not_stop_other_sources(shop, store):
    put(store, "a.jsonl", events("a"))
    proxy = Proxy(store.port, after=1)
    proxy.close()
    landing = shop(
        dead=keys(proxy.port), missing=keys(store.port, "s3://missing/*"), shop=keys(store.port)
    )
    dead, missing, good = fetch_new(landing.settings)
    assert "check the network and the source's endpoint_url" in dead.error
    assert "s3://missing: NoSuchBucket" in missing.error
    assert (len(good.files), good.error) == (1, None)
    assert landing.rows(
        """select source, tried_at::varchar, succeeded_at is null, files, error
           from raw.fetches order by source"""
    ) == [
        ("dead", "2024-06-01 12:00:00+00", True, 0, dead.error),
        ("missing", "2024-06-01 12:00:00+00", True, 0, missing.error),
        ("shop", "2024-06-01 12:00:00+00", False, 1, None),
    ]


def test_missing_credentials_are_reported_with_the_names_of_the_variables(shop, store, monkeypatch):
    landing = shop()
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    assert "set AWS_ACCESS_KEY_ID" in fetch(landing).error


def test_an_unwritable_folder_is_reported_and_the_next_fetch_succeeds(shop, store):
    put(store, "a.jsonl", events("a"))
    landing = shop()
    landing.settings.landing_dir.mkdir(parents=True)
    blocked = landing.settings.landing_dir / "shop"
    blocked.write_text("a file where a folder should be")
    assert "cannot write to" in fetch(landing).error
    blocked.unlink()
    assert tick(landing)[0].error is None


def test_a_fetch_killed_during_a_download_is_repeated(store, tmp_path, monkeypatch):
    put(store, "big.jsonl", events(*range(20_000)))
    monkeypatch.setenv("SENDHOUSE_HOME", str(tmp_path / "var"))

    def settings(port):
        monkeypatch.setenv("SENDHOUSE_SOURCES", json.dumps({"shop": keys(port)}))
        return load_settings()

    proxy = Proxy(store.port, after=300_000, stalls=True)
    path = settings(proxy.port).warehouse_path
    warehouse.create(path)
    with warehouse.connect(path) as connection:
        warehouse.set_clock(connection, Clock(NOON, is_simulated=True))
    child = subprocess.Popen([sys.executable, "-c", FETCH], cwd=PROJECT)
    assert proxy.reached.wait(60)
    with warehouse.connect(path) as connection:  # the fetch does not hold the warehouse
        assert land_new(connection, load_settings(), NOON) == []
    child.send_signal(signal.SIGKILL)
    child.wait()
    proxy.close()
    folder = tmp_path / "var" / "landing" / "shop"
    assert [file.name for file in folder.iterdir()] == [".fetching.tmp"]

    again = settings(store.port)
    [fetched] = fetch_new(again)
    assert fetched.error is None
    assert [file.name for file in folder.iterdir()] == [fetched.files[0].name]
    with warehouse.connect(path) as connection:
        assert [file.rows_landed for file in land_new(connection, again, NOON)] == [20_000]


def test_a_large_object_is_streamed_in_bounded_memory(shop, store):
    put(store, "large.jsonl", b" " * 80_000_000)
    landing = shop()
    child = f"""
import resource
from pathlib import Path
from dagster_project.landing import parse_kind
from dagster_project.landing.fetch import s3
from dagster_project.home.source_settings import SourceSettings
kind = parse_kind("shop", {{"shop": SourceSettings.model_validate({keys(store.port)!r})}})
s3.boto3.client("s3", endpoint_url=kind.source.endpoint_url).list_buckets()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
[file] = s3.fetch(kind, Path({str(landing.settings.home)!r}), set())
assert file.stat().st_size == 80_000_000
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""
    done = subprocess.run(
        [sys.executable, "-c", child], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 24_000_000


@pytest.mark.parametrize(
    "wrong",
    [
        {"path": "s3://exports"},
        {"path": "s3://exports/crm/"},
        {"path": "/data/*.csv", "endpoint_url": "http://127.0.0.1:1"},
    ],
)
def test_a_path_without_keys_is_refused(wrong):
    with pytest.raises(ValueError, match="s3://"):
        SourceSettings.model_validate({"as": "events"} | wrong)
