"""Packed files: gzip (RFC 1952) and Zstandard (RFC 8878), recognised by their first bytes."""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING, Any, Literal

import zstandard
from typing_extensions import override

from dagster_project.landing.errors import FileRejectedError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import IO

Packing = Literal["none", "gzip", "zstd"]

ENDINGS = (".gz", ".gzip", ".zst", ".zstd")
"""The endings of packed files' names."""

_MAGIC: dict[bytes, Packing] = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
# Small blocks, because a few bytes may unpack to very many.
_READ_BYTES = 1 << 14


def packing_of(path: Path) -> Packing:
    """Detect how a file is packed by its first bytes, whatever its name."""
    with path.open("rb") as handle:
        head = handle.read(4)
    for magic, packing in _MAGIC.items():
        if head.startswith(magic):
            return packing
    return "none"


def open_unpacked(path: Path) -> IO[bytes]:
    """Open a file; reading unpacks the content.

    Reading raises:
        FileRejectedError: the packed file is truncated or damaged.

    """
    packing = packing_of(path)
    if packing == "none":
        return path.open("rb")
    return io.BufferedReader(_Unpacked(path, packing), 1 << 20)


class _Unpacked(io.RawIOBase):
    """The unpacked content of all members or frames of a packed file."""

    def __init__(self, path: Path, packing: Packing) -> None:
        self._handle = path.open("rb")
        self._packing: Packing = packing
        self._unpacker: Any = None  # the objects of zlib and zstandard share no type
        self._packed = b""
        self._unpacked = memoryview(b"")

    @override
    def readable(self) -> bool:
        return True

    @override
    def close(self) -> None:
        self._handle.close()
        super().close()

    @override
    def readinto(self, buffer: Any, /) -> int:
        while not self._unpacked:
            if not self._packed:
                self._packed = self._handle.read(_READ_BYTES)
            if not self._packed:
                if self._unpacker is not None:
                    raise _truncated(self._packing)
                return 0
            self._unpack()
        size = min(len(buffer), len(self._unpacked))
        buffer[:size] = self._unpacked[:size]
        self._unpacked = self._unpacked[size:]
        return size

    def _unpack(self) -> None:
        if self._unpacker is None:
            if self._packing == "gzip":
                self._packed = self._packed.lstrip(b"\0")  # padding after a member
                if not self._packed:
                    return
            self._unpacker = _unpacker(self._packing)
        try:
            self._unpacked = memoryview(self._unpacker.decompress(self._packed))
        except (zlib.error, zstandard.ZstdError) as error:
            raise _damaged(self._packing, error) from error
        self._packed = b""
        if self._unpacker.eof:
            self._packed = self._unpacker.unused_data
            self._unpacker = None


def _unpacker(packing: Packing) -> Any:  # noqa: ANN401 - see above
    if packing == "gzip":
        return zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    return zstandard.ZstdDecompressor().decompressobj()


def check_whole(path: Path) -> None:
    """Check that a packed file is complete, because DuckDB accepts a file cut between two blocks.

    Raises:
        FileRejectedError: the file is truncated or damaged.

    """
    match packing_of(path):
        case "gzip":
            with open_unpacked(path) as handle:
                while handle.read(1 << 20):
                    pass
        case "zstd":
            with path.open("rb") as handle:
                _walk_frames(handle, path.stat().st_size)
        case "none":
            pass


def _walk_frames(handle: IO[bytes], size: int) -> None:
    """Walk from block to block (RFC 8878, 3.1.1) without unpacking."""
    while handle.tell() < size:
        start = handle.tell()
        head = handle.read(18)
        if head[1:4] == b"\x2a\x4d\x18" and head[0] & 0xF0 == 0x50:  # a skippable frame
            handle.seek(start + 8 + int.from_bytes(head[4:8], "little"))
        else:
            try:
                header_bytes = zstandard.frame_header_size(head)
                has_checksum = zstandard.get_frame_parameters(head).has_checksum
            except zstandard.ZstdError as error:
                raise _damaged("zstd", error) from error
            handle.seek(start + header_bytes)
            last = False
            while not last:
                block = int.from_bytes(handle.read(3), "little")
                last, kind, length = bool(block & 1), block >> 1 & 3, block >> 3
                if handle.tell() >= size:
                    raise _truncated("zstd")
                handle.seek(1 if kind == 1 else length, io.SEEK_CUR)  # 1: one byte, repeated
            handle.seek(4 if has_checksum else 0, io.SEEK_CUR)
        if handle.tell() > size:
            raise _truncated("zstd")


def _truncated(packing: Packing) -> FileRejectedError:
    return FileRejectedError(f"the {packing} file is truncated: export or upload it again")


def _damaged(packing: Packing, error: Exception) -> FileRejectedError:
    return FileRejectedError(
        f"the {packing} file is damaged: export or upload it again", str(error)
    )
