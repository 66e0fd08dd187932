from __future__ import annotations

import os
import stat
import zipfile

import pytest

from dagster_project.landing import FileRejectedError, copy_to_landing
from dagster_project.landing.store import archives

PEOPLE = "contact_id,email\n"
PLACE = "crm/standard/contacts"


def pack(path, files, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def encrypt(path):
    """Set the flag of an encrypted file in both of its headers."""
    content = bytearray(path.read_bytes())
    for head, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(head) + place] |= 1
    path.write_bytes(content)


def link(path):
    info = zipfile.ZipInfo("a.csv")
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info, "/etc/passwd")


def names(landing):
    return [path.name for path in (landing.settings.landing_dir / PLACE).iterdir()]


def cut(path):
    path.write_bytes(path.read_bytes()[:-30])


def damage(path):
    content = path.read_bytes()
    path.write_bytes(content.replace(b"contact_id", b"contact_xx"))


@pytest.mark.parametrize("end", [".zip", ".ZIP", ".csv.zip"])
def test_the_files_of_an_archive_land_one_by_one(landing, tmp_path, end):
    path = pack(
        tmp_path / f"export{end}",
        {
            "subscribed_members.csv": PEOPLE + "1,a@x.example\n",
            "parts/unsubscribed members.csv": PEOPLE + "2,b@x.example\n3,c@x.example\n",
            "__MACOSX/._subscribed_members.csv": b"\0\5\x16\7",
            "parts/.DS_Store": b"\0",
            "empty/": "",
            "read me.txt": "Thank you",
        },
    )
    [copy] = copy_to_landing([path], PLACE, landing.settings)
    archive, *files = landing.land()
    assert (archive.error, archive.rows_landed, len(archive.unpacked)) == (None, 0, 3)
    assert archive.notices == (
        "3 files of the archive land one by one",
        "2 hidden files of the archive are left out",
    )
    assert [(file.rows_landed, file.error is None) for file in files] == [
        (1, True),
        (2, True),
        (0, False),
    ]
    assert [file.path.name.split("-", 1)[1] for file in files] == [
        "subscribed_members.csv",
        "parts-unsubscribed members.csv",
        "read me.txt",
    ]
    assert not copy.exists()
    assert landing.land() == []
    assert landing.rows("select count(*) from raw.standard__contacts") == [(3,)]


def test_an_archive_lands_once_and_a_new_archive_of_the_same_name_lands_too(landing):
    place = landing.settings.landing_dir / PLACE / "a.zip"
    place.parent.mkdir(parents=True)
    counts = []
    for content in ("1,a\n", "1,a\n", "2,b\n"):
        pack(place, {"a.csv": PEOPLE + content})
        os.utime(place, (1_700_000_000, 1_700_000_000))
        counts.append([file.rows_landed for file in landing.land()])
    assert counts[0] == counts[2] == [0, 1]
    assert landing.rows("select contact_id from raw.standard__contacts order by 1") == [
        ("1",),
        ("2",),
    ]


@pytest.mark.parametrize(
    ("files", "spoil", "why"),
    [
        ({"../a.csv": PEOPLE}, None, "a path outside the archive"),
        ({"/etc/a.csv": PEOPLE}, None, "a path outside the archive"),
        ({"x/../../a.csv": PEOPLE}, None, "a path outside the archive"),
        ({"..\\a.csv": PEOPLE}, None, "a path outside the archive"),
        ({"C:\\a.csv": PEOPLE}, None, "a path outside the archive"),
        ({"a.zip": PEOPLE}, None, "an archive inside"),
        ({"deep/a.7z": PEOPLE}, None, "an archive inside"),
        ({"a.csv.part": PEOPLE}, None, "incomplete"),
        ({"a/b.csv": PEOPLE, "a-b.csv": PEOPLE}, None, "the same name"),
        ({}, None, "no file to land"),
        ({"__MACOSX/a.csv": PEOPLE, ".b.csv": PEOPLE}, None, "no file to land"),
        ({f"{n}.csv": "" for n in range(1_001)}, None, "1,001 files"),
        ({"a.csv": PEOPLE}, encrypt, "encrypted"),
        ({"a.csv": PEOPLE}, link, "symbolic link"),
        ({"a.csv": PEOPLE}, cut, "no ZIP archive, or is damaged"),
        ({"a.csv": PEOPLE}, lambda path: path.write_text("id\n1\n"), "no ZIP archive"),
        ({"a.csv": PEOPLE}, lambda path: path.write_bytes(b""), "no ZIP archive"),
    ],
)
def test_an_archive_that_is_not_safe_is_refused_in_one_line(landing, tmp_path, files, spoil, why):
    path = pack(tmp_path / "a.zip", files)
    if spoil:
        spoil(path)
    with pytest.raises(FileRejectedError, match=why) as refused:
        copy_to_landing([path], PLACE, landing.settings)
    assert str(refused.value).startswith(f"{path}: ")
    assert "\n" not in str(refused.value)
    landed = landing.land_one(f"{PLACE}/a.zip", path.read_bytes())
    assert landed.error is not None
    assert why in landed.error
    assert names(landing) == ["a.zip"]


def test_a_damaged_file_leaves_no_file_of_the_archive(landing, tmp_path):
    path = pack(
        tmp_path / "a.zip", {"1.csv": "id\n1\n", "2.csv": PEOPLE}, compression=zipfile.ZIP_STORED
    )
    damage(path)
    landed = landing.land_one(f"{PLACE}/a.zip", path.read_bytes())
    assert "is damaged" in str(landed.error)
    assert names(landing) == ["a.zip"]


def test_an_archive_that_unpacks_to_too_much_is_refused(landing, tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "_MAX_BYTES", 1_000)
    path = pack(tmp_path / "a.zip", {"a.csv": "x" * 600, "b.csv": "x" * 600})
    with pytest.raises(FileRejectedError, match="2 files of 1,200 bytes"):
        archives.content_of(path)


def test_a_full_snapshot_is_one_file(make_landing, tmp_path):
    landing = make_landing(people={"as": PLACE, "snapshot": "full"})
    two = pack(tmp_path / "two.zip", {"1.csv": PEOPLE + "1,a\n", "2.csv": PEOPLE + "2,b\n"})
    landed = landing.land_one("people/two.zip", two.read_bytes())
    assert "a full snapshot is one file" in str(landed.error)
    one = pack(tmp_path / "one.zip", {"1.csv": PEOPLE + "1,a\n"})
    landing.put("people/one.zip", one.read_bytes())
    assert [file.rows_landed for file in landing.land()] == [0, 1]
