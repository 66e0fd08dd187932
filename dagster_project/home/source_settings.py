"""The settings of a source: a `[sources.NAME]` table of `sendhouse.toml`."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

EPOCHS = ("epoch_seconds", "epoch_milliseconds")
"""Date formats that are not strptime patterns."""

_S3 = "s3://"
# Day, month and two-digit year differ, and each is a valid value of the other two.
_SAMPLE = datetime(2004, 5, 6, 7, 8, 9)  # noqa: DTZ001 - only formatted and parsed


class Section(BaseModel):
    """A table of the settings file; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class DeleteMarker(Section):
    """How an export marks a deleted record: a column and its values."""

    column: str
    values: list[str] = Field(default_factory=lambda: ["true", "1", "yes"])


class SourceSettings(Section):
    """How to read one kind of foreign file as events, tracking or a CRM object."""

    land_as: str = Field(alias="as")
    path: str | None = None
    endpoint_url: str | None = None
    query: str | None = None
    url_env: str | None = None
    cursor: str | None = None
    format: Literal["detect", "csv", "json", "jsonl", "parquet", "xlsx"] = "detect"
    encoding: str = "detect"
    delimiter: str = "detect"
    quote: Literal["detect", '"', "'", "none"] = "detect"
    escape: Literal["detect", "double", "backslash"] = "detect"
    header_line: int | None = Field(default=None, ge=1)
    sheet: str = "detect"
    columns: dict[str, str] = Field(default_factory=dict)
    constants: dict[str, str] = Field(default_factory=dict)
    id: list[str] = Field(default_factory=list)
    timezone: str = "UTC"
    dates: list[str] = Field(default_factory=list)
    decimal: Literal[".", ","] | None = None
    numbers: list[str] = Field(default_factory=lambda: ["amount"])
    nulls: list[str] = Field(default_factory=list)
    empty: Literal["cleared", "unchanged"] = "cleared"
    snapshot: Literal["delta", "full"] = "delta"
    max_loss: float = Field(default=20, ge=0, le=100)
    deleted: DeleteMarker | None = None
    received_at: str = "landing"
    unknown_keys: Literal["report", "contacts"] = "report"

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        if value != "detect":
            try:
                "".encode(value)  # unlike codecs.lookup, refuses codecs that do not encode text
            except LookupError as error:
                raise ValueError(f"unknown encoding '{value}' (example: 'cp1252')") from error
        return value

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, value: str) -> str:
        if value != "detect" and (len(value) != 1 or value in "\r\n\"'\\\0"):
            raise ValueError("must be 'detect' or one character (examples: ';', '\\t')")
        return value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except ZoneInfoNotFoundError as error:
            raise ValueError(
                f"unknown IANA time zone '{value}' (example: 'Europe/Berlin')"
            ) from error
        return value

    @field_validator("dates")
    @classmethod
    def _certain_formats(cls, value: list[str]) -> list[str]:
        for name in value:
            _require_whole_date(name)
        for one, other in itertools.permutations(set(value) - set(EPOCHS), 2):
            if _reads_otherwise(one, other):
                raise ValueError(
                    f"'{one}' and '{other}' read {_SAMPLE.strftime(one)} as different days: "
                    "keep only the format of the files"
                )
        return value

    @field_validator("received_at")
    @classmethod
    def _known_rule(cls, value: str) -> str:
        if value in ("landing", "occurred_at") or value.startswith("column:"):
            return value
        try:
            instant = datetime.fromisoformat(value)
        except ValueError as error:
            raise ValueError(
                "must be 'landing', 'occurred_at', 'column:<name>' or an instant (example: "
                "'2024-01-31T00:00:00Z')"
            ) from error
        if instant.tzinfo is None:
            raise ValueError("a fixed instant needs a time zone (example: a final Z)")
        return instant.astimezone(UTC).isoformat()

    @field_validator("path")
    @classmethod
    def _bucket_and_keys(cls, value: str | None) -> str | None:
        if value is not None and value.startswith(_S3):
            bucket, _, keys = value.removeprefix(_S3).partition("/")
            if not bucket or not keys or keys.endswith("/"):
                raise ValueError(
                    "an S3 path must be s3://<bucket>/<keys> (example: s3://exports/crm/*.csv)"
                )
        return value

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.query is None and (self.url_env or self.cursor):
            raise ValueError("'url_env' and 'cursor' need a 'query'")
        if self.query is not None and (self.path or self.format != "detect"):
            raise ValueError("a source with a 'query' must not have a 'path' or a 'format'")
        if self.endpoint_url and not (self.path or "").startswith(_S3):
            raise ValueError("'endpoint_url' needs a 'path' on S3 (s3://…)")
        return self

    @model_validator(mode="after")
    def _one_instant(self) -> Self:
        if self.snapshot == "full" and (
            self.received_at == "occurred_at" or self.received_at.startswith("column:")
        ):
            raise ValueError(
                "a full snapshot has one received_at: set 'landing' or a fixed instant"
            )
        if self.snapshot == "full" and self.cursor is not None:
            raise ValueError("a query with a cursor returns changes: snapshot must be 'delta'")
        for key in ("snapshot", "max_loss", "deleted", "empty"):
            if key in self.model_fields_set and not self.land_as.startswith("crm/"):
                raise ValueError(f"'{key}' needs a CRM object (as = 'crm/<source>/<object>')")
        return self

    @property
    def is_remote(self) -> bool:
        """Whether the source is on S3 or in PostgreSQL."""
        return self.query is not None or (self.path or "").startswith(_S3)


def _require_whole_date(name: str) -> None:
    if name in EPOCHS:
        return
    if "%z" in name.lower():
        raise ValueError(f"'{name}': remove %z; a time with an offset needs no format")
    try:
        read = datetime.strptime(_SAMPLE.strftime(name), name)  # noqa: DTZ007
    except ValueError as error:
        raise ValueError(f"invalid date format '{name}': {error}") from error
    if read.date() != _SAMPLE.date():
        raise ValueError(
            f"the date format '{name}' lacks year, month or day (example: '%d.%m.%Y %H:%M')"
        )


def _reads_otherwise(one: str, other: str) -> bool:
    """Whether the second format parses a date of the first format as a different date."""
    try:
        read = datetime.strptime(_SAMPLE.strftime(one), other)  # noqa: DTZ007
    except ValueError:
        return False
    return read.date() != _SAMPLE.date()
