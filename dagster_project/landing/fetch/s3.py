"""Downloads objects from S3 or an S3-compatible store: each version of each object once."""

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

# Errors that concern one object; any other error concerns the store.
_OBJECT_ERRORS = (
    ClientError,
    FlexibleChecksumError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)
_CHANGED = ("404", "NoSuchKey", "412", "PreconditionFailed")
_MAX_LISTED = 3


@dataclass(frozen=True)
class _Object:
    """One version of an object."""

    key: str
    etag: str
    bytes: int
    modified_at: datetime

    @property
    def file_name(self) -> str:
        """The file name in the landing folder: modification time, hash, last part of the key.

        Names sort by time, so the older of two exports lands first. The hash distinguishes two
        versions of an object, and two keys with the same last part.
        """
        version = f"{self.key}\n{self.etag}\n{self.bytes}\n{self.modified_at.isoformat()}"
        identity = hashlib.sha256(version.encode()).hexdigest()[:16]
        last = "".join(c if c.isprintable() else "_" for c in self.key.rpartition("/")[2])
        last = last.encode()[-150:].decode(errors="ignore")  # file systems allow 255 bytes
        return f"{self.modified_at:%Y%m%dT%H%M%SZ}-{identity}-{last}"


def fetch(kind: Kind, folder: Path, known: Collection[str]) -> Iterator[Path]:
    """Download the new objects that match the source's path.

    Args:
        kind: the source; `path` is `s3://<bucket>/<keys>`. `*` and `?` do not match a slash, `**`
            does.
        folder: the target folder.
        known: names of the files in the folder and of all landed files.

    Yields:
        Each file as soon as it is complete.

    Raises:
        FetchError: the store cannot be listed, or some objects failed after all were tried.

    """
    bucket, _, pattern = str(kind.source.path).removeprefix("s3://").partition("/")
    failed: list[str] = []
    try:
        session = boto3.Session()  # the shared session would keep outdated credentials
        client = session.client("s3", endpoint_url=kind.source.endpoint_url, config=_CONFIG)
        for found in _list(client, bucket, pattern):
            if found.file_name in known:
                continue
            try:
                yield _download(client, bucket, found, folder)
            except _OBJECT_ERRORS as error:
                failed.append(f"{found.key} ({_described(error)})")
    except (BotoCoreError, ClientError, ValueError) as error:
        raise FetchError(f"s3://{bucket}: {_described(error)}{_remedy(error)}") from error
    if failed:
        more = f" and {len(failed) - _MAX_LISTED} more" if len(failed) > _MAX_LISTED else ""
        raise FetchError(
            f"{len(failed)} objects could not be downloaded; the next tick tries again: "
            f"{', '.join(failed[:_MAX_LISTED])}{more}"
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
    # Only the listed version: the file name identifies it.
    answer = client.get_object(Bucket=bucket, Key=found.key, IfMatch=found.etag)
    with closing(answer["Body"]) as body, atomic_file(folder) as file:
        for block in body.iter_chunks(_BLOCK_BYTES):
            file.handle.write(block)
        return file.keep_as(found.file_name)


def _described(error: Exception) -> str:
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code", "")
        if error.operation_name == "GetObject" and code in _CHANGED:
            return "changed or deleted since the listing"
        return code or "refused"
    return str(error)


def _remedy(error: Exception) -> str:
    if isinstance(error, NoCredentialsError):
        return ": set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
    if isinstance(error, ClientError):
        return ": check the source's path and the permissions of the AWS credentials"
    return ": check the network and the source's endpoint_url; the next tick tries again"
