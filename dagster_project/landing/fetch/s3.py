"""Objects on S3, or on a store that speaks its language: each version of each comes once."""

from __future__ import annotations

import hashlib
import re
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    FlexibleChecksumError,
    IncompleteReadError,
    NoCredentialsError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from dagster_project.landing.errors import FetchError
from dagster_project.landing.fetch.atomic_file import atomic_file
from dagster_project.landing.store.files import is_ignored

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from dagster_project.landing.shapes.kinds import Kind

_BLOCK_BYTES = 1 << 20
_CONFIG = Config(
    connect_timeout=10, read_timeout=60, retries={"mode": "standard", "max_attempts": 3}
)
_WILDCARDS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
_WILDCARD = re.compile(r"\*\*/|\*\*|\*|\?")

# What says that one object cannot be had; anything else is about the store.
_ABOUT_THE_OBJECT = (
    ClientError,
    FlexibleChecksumError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)
_CHANGED = ("404", "NoSuchKey", "412", "PreconditionFailed")
_MOST_TOLD = 3


@dataclass(frozen=True)
class _Object:
    """One version of an object."""

    key: str
    etag: str
    bytes: int
    modified_at: datetime

    @property
    def file_name(self) -> str:
        """Its name in the landing folder: when it was written, what it is, its own last part.

        In order of time, so that of two exports the older one lands first. Two versions, or two
        objects that end alike, differ in the hash.
        """
        told = f"{self.key}\n{self.etag}\n{self.bytes}\n{self.modified_at.isoformat()}"
        identity = hashlib.sha256(told.encode()).hexdigest()[:16]
        last = "".join(c if c.isprintable() else "_" for c in self.key.rpartition("/")[2])
        last = last.encode()[-150:].decode(errors="ignore")  # file systems take 255 bytes
        return f"{self.modified_at:%Y%m%dT%H%M%SZ}-{identity}-{last}"


def fetch(kind: Kind, folder: Path, known: Collection[str]) -> Iterator[Path]:
    """Download the objects that the source's path matches and that are new.

    Args:
        kind: the source; `path` is `s3://<bucket>/<keys>`, where `*` and `?` stay between two
            slashes and `**` does not.
        folder: where to.
        known: names of files that are in the folder, or have been and have landed.

    Yields:
        Each file as soon as it is in place.

    Raises:
        FetchError: the store cannot be listed or, after all others were tried, some objects could
            not be had.

    """
    bucket, _, pattern = str(kind.source.path).removeprefix("s3://").partition("/")
    failed: list[str] = []
    try:
        session = boto3.Session()  # the shared one would keep credentials that have changed
        client = session.client("s3", endpoint_url=kind.source.endpoint_url, config=_CONFIG)
        for found in _list(client, bucket, pattern):
            if found.file_name in known:
                continue
            try:
                yield _download(client, bucket, found, folder)
            except _ABOUT_THE_OBJECT as error:
                failed.append(f"{found.key} ({_told(error)})")
    except (BotoCoreError, ClientError, ValueError) as error:
        raise FetchError(f"s3://{bucket}: {_told(error)}{_remedy(error)}") from error
    if failed:
        more = f" and {len(failed) - _MOST_TOLD} more" if len(failed) > _MOST_TOLD else ""
        raise FetchError(
            f"{len(failed)} objects could not be had; the next tick looks again: "
            f"{', '.join(failed[:_MOST_TOLD])}{more}"
        )


def _list(client: Any, bucket: str, pattern: str) -> Iterator[_Object]:  # noqa: ANN401 - boto3's
    matches = _matcher(pattern)
    prefix = _WILDCARD.split(pattern, maxsplit=1)[0]
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        for item in page.get("Contents", []):
            found = _Object(
                item["Key"], item["ETag"], item["Size"], item["LastModified"].astimezone(UTC)
            )
            is_folder = found.key.endswith("/")
            if matches.fullmatch(found.key) and not is_folder and not is_ignored(Path(found.key)):
                yield found


def _matcher(pattern: str) -> re.Pattern[str]:
    parts = re.split(f"({_WILDCARD.pattern})", pattern)
    return re.compile("".join(_WILDCARDS.get(part, re.escape(part)) for part in parts), re.DOTALL)


def _download(client: Any, bucket: str, found: _Object, folder: Path) -> Path:  # noqa: ANN401
    # The version that was listed, or none: its name says which it is.
    answer = client.get_object(Bucket=bucket, Key=found.key, IfMatch=found.etag)
    with closing(answer["Body"]) as body, atomic_file(folder) as file:
        for block in body.iter_chunks(_BLOCK_BYTES):
            file.handle.write(block)
        return file.keep_as(found.file_name)


def _told(error: Exception) -> str:
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code", "")
        if error.operation_name == "GetObject" and code in _CHANGED:
            return "changed or went away since it was listed"
        return code or "refused"
    return str(error)


def _remedy(error: Exception) -> str:
    if isinstance(error, NoCredentialsError):
        return ": set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
    if isinstance(error, ClientError):
        return ": look at the source's path, and at what these AWS credentials may list"
    return ": look at the network and at the source's endpoint_url; the next tick looks again"
