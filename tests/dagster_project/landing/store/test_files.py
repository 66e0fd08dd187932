from __future__ import annotations

import pytest

from dagster_project.landing import FileRejectedError, KindError, copy_to_landing, land_file
from dagster_project.landing.store.files import discover
from tests.dagster_project.landing.conftest import NOON

EVENT = '{"contact_key":"a","name":"n","occurred_at":"2024-06-01T00:00:00Z"}\n'


@pytest.mark.parametrize("name", [".a.jsonl", "a.jsonl.tmp", "a.jsonl.part", ".hidden/a.jsonl"])
def test_an_incomplete_file_is_ignored(landing, name):
    landing.put(f"events/{name}", EVENT)
    assert landing.land() == []


def test_a_file_lands_after_its_writer_renames_it(landing):
    path = landing.put("events/a.jsonl.tmp", EVENT)
    path.rename(path.with_suffix(""))
    assert [landed.rows_landed for landed in landing.land()] == [1]


def test_files_are_found_ordered_by_kind_and_path(make_landing, tmp_path):
    landing = make_landing(shop={"as": "events", "path": str(tmp_path / "out/**/*.jsonl")})
    outside = tmp_path / "out/deep/er/c.jsonl"
    outside.parent.mkdir(parents=True)
    outside.write_text(EVENT)
    (outside.parent / "d.jsonl.part").write_text(EVENT)
    inside = [landing.put(place, EVENT) for place in ("shop/b.jsonl", "events/z.jsonl", "x/y.csv")]
    assert discover(landing.settings) == [
        ("events", inside[1]),
        *sorted([("shop", outside), ("shop", inside[0])]),
        ("x", inside[2]),
    ]


def test_two_files_with_the_same_name_are_both_copied(landing, tmp_path):
    for folder, content in (("one", "1"), ("two", "2")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.csv").write_text(f"contact_id\n{content}\n")
    files = [tmp_path / "one/a.csv", tmp_path / "two/a.csv"]
    copies = copy_to_landing(files, "crm/standard/contacts", landing.settings)
    assert len({copy.name for copy in copies}) == 2
    assert all(copy.name.endswith("-a.csv") for copy in copies)
    assert [copy.read_bytes() for copy in copies] == [file.read_bytes() for file in files]
    assert copy_to_landing(files, "crm/standard/contacts", landing.settings) == copies
    folder = landing.settings.landing_dir / "crm/standard/contacts"
    assert sorted(folder.iterdir()) == sorted(copies)


def test_an_unknown_kind_copies_no_file(landing, tmp_path):
    (tmp_path / "a.csv").write_text("x\n")
    with pytest.raises(KindError, match="known kinds: events, tracking"):
        copy_to_landing([tmp_path / "a.csv"], "evnts", landing.settings)
    assert not landing.settings.landing_dir.exists()


@pytest.mark.parametrize(
    ("name", "error"),
    [("a.xml", FileRejectedError), ("a.csv.tmp", FileRejectedError), ("no.csv", FileNotFoundError)],
)
def test_no_file_is_copied_if_one_file_cannot_land(landing, tmp_path, name, error):
    good = tmp_path / "good.csv"
    for path in (good, tmp_path / name):
        path.write_text("x\n")
    (tmp_path / "no.csv").unlink(missing_ok=True)
    with pytest.raises(error):
        copy_to_landing([good, tmp_path / name], "events", landing.settings)
    assert not landing.settings.landing_dir.exists()


def test_a_deleted_file_is_reported_and_not_recorded(landing):
    landed = land_file(
        landing.connection, landing.settings.home / "gone.csv", "events", landing.settings, NOON
    )
    assert landed.error is not None
    assert "changed or disappeared" in landed.error
    assert landing.rows("select count(*) from raw.files") == [(0,)]


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("a.xls", "save the workbook as .xlsx or .csv"),
        ("a.XLSB", "save the workbook as .xlsx or .csv"),
        ("a.ods", "save the workbook as .xlsx or .csv"),
        ("a.numbers", "save the workbook as .xlsx or .csv"),
        ("a.txt", "rename the file by its content to .csv, .tsv or .jsonl"),
        ("a.7z", "unpack the archive"),
        ("a.tar.gz", "unpack the archive"),
        ("a.csv.bz2", "pack it with gzip or zstd"),
        ("a.pdf", "export the data as .csv or .json"),
        ("a.avro", "export it as .parquet"),
        ("a", "a file name without ending; end the file name in .csv"),
        ("a.gz", "a file name without ending; end the file name in .csv"),
        ("contacts.2026", "'.2026'; end the file name in .csv"),
    ],
)
def test_a_file_that_is_not_read_is_refused_with_a_remedy(landing, tmp_path, name, remedy):
    (tmp_path / name).write_text("x\n")
    with pytest.raises(FileRejectedError) as refused:
        copy_to_landing([tmp_path / name], "events", landing.settings)
    message = str(refused.value)
    assert message.startswith(f"{tmp_path / name}: ")
    assert remedy in message
    assert "\n" not in message


@pytest.mark.parametrize("name", ["a.CSV", "a.Csv", "a.tsv", "a.TAB", "a.csv.GZ", "a.NDJSON"])
def test_an_ending_counts_in_any_case(landing, tmp_path, name):
    (tmp_path / name).write_text("x\n")
    assert copy_to_landing([tmp_path / name], "events", landing.settings)[0].is_file()


@pytest.mark.parametrize(
    "place", ["events/link.csv", "events", "link.csv", "crm/standard/contacts"]
)
def test_a_symbolic_link_is_reported_and_not_followed(landing, tmp_path, place):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.csv").write_text("contact_key,name,occurred_at\na,n,2024-06-01\n")
    path = landing.settings.landing_dir / place
    path.parent.mkdir(parents=True)
    path.symlink_to(outside / "a.csv" if place.endswith(".csv") else outside)
    for _ in range(2):
        [landed] = landing.land()
        assert "symbolic link" in str(landed.error)
        assert landed.rows_landed == 0
    assert (outside / "a.csv").exists()
    assert path.is_symlink()


def test_lines_written_through_an_open_handle_after_landing_land(landing):
    path = landing.put("events/a.jsonl", EVENT)
    with path.open("a") as handle:
        assert [landed.rows_landed for landed in landing.land()] == [1]
        assert landing.land() == []
        for number, name in enumerate("bc", start=2):
            handle.write(EVENT.replace('"a"', f'"{name}"'))
            handle.flush()
            [landed] = landing.land()
            assert (landed.rows_landed, landed.rows_duplicate) == (1, number - 1)
            assert "changed in .done after it landed" in landed.notices[-1]
    assert landing.land() == []
    assert landing.rows("select contact_key from raw.events order by 1") == [("a",), ("b",), ("c",)]


def test_a_file_of_the_same_name_does_not_hide_what_an_open_handle_writes(landing):
    path = landing.put("events/a.jsonl", EVENT)
    with path.open("a") as handle:
        landing.land()
        landing.land_one("events/a.jsonl", EVENT.replace('"a"', '"b"'))
        handle.write(EVENT.replace('"a"', '"c"'))
    assert [landed.rows_landed for landed in landing.land()] == [1]
    assert landing.land() == []
