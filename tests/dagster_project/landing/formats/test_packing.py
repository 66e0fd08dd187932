from __future__ import annotations

import gzip
import random

import pytest
import zstandard

from dagster_project.landing.errors import FileRejectedError
from dagster_project.landing.formats.packing import check_whole, open_unpacked, packing_of

TEXT = b"".join(b"%d,%d\n" % (n, random.Random(n).getrandbits(60)) for n in range(30_000))
PACK = {"gzip": gzip.compress, "zstd": zstandard.ZstdCompressor(write_checksum=True).compress}


@pytest.mark.parametrize("packing", PACK)
def test_a_packed_file_of_one_or_several_members_is_read(tmp_path, packing):
    path = tmp_path / "a.csv"  # the name does not matter
    path.write_bytes(PACK[packing](TEXT[:1000]) + PACK[packing](TEXT[1000:]))
    assert packing_of(path) == packing
    check_whole(path)
    with open_unpacked(path) as handle:
        assert handle.read() == TEXT


def test_an_unpacked_file_with_a_packed_name_is_read(tmp_path):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(TEXT)
    assert packing_of(path) == "none"
    check_whole(path)
    with open_unpacked(path) as handle:
        assert handle.read() == TEXT


@pytest.mark.parametrize("packing", PACK)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 1])
def test_a_truncated_packed_file_is_rejected(tmp_path, packing, share):
    whole = PACK[packing](TEXT)
    path = tmp_path / "a"
    path.write_bytes(whole[: int(len(whole) * share) - 3])
    with pytest.raises(FileRejectedError, match="truncated"):
        check_whole(path)
    with open_unpacked(path) as handle, pytest.raises(FileRejectedError, match="truncated"):
        handle.read()


def test_a_zstd_file_cut_between_two_blocks_is_rejected(tmp_path):
    """DuckDB reads such a file without an error."""
    packer = zstandard.ZstdCompressor().compressobj()
    first = packer.compress(TEXT[:1000]) + packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
    path = tmp_path / "a.zst"
    path.write_bytes(first)
    with pytest.raises(FileRejectedError, match="truncated"):
        check_whole(path)
    path.write_bytes(first + packer.compress(TEXT[1000:]) + packer.flush())
    check_whole(path)


def test_a_skippable_zstd_frame_is_skipped(tmp_path):
    path = tmp_path / "a.zst"
    skippable = b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd"
    path.write_bytes(PACK["zstd"](TEXT) + skippable)
    check_whole(path)


@pytest.mark.parametrize("packing", PACK)
def test_a_damaged_packed_file_is_rejected(tmp_path, packing):
    packed = bytearray(PACK[packing](TEXT))
    for place in range(200, 260):
        packed[place] ^= 0xFF
    path = tmp_path / "a"
    path.write_bytes(packed)
    with open_unpacked(path) as handle, pytest.raises(FileRejectedError, match="damaged"):
        handle.read()
