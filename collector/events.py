"""The body of `POST /events`: JSON becomes rows of the landing format, or reasons for rejection."""

from __future__ import annotations

import json
import uuid
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
)
from pydantic_core import from_json

from collector.contract import why_no_json, why_no_row, why_no_text, why_no_time

_LINE_TYPES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl"})
_NAMESPACE = uuid.UUID("6f1e0c39-5d0a-4c8e-9d5b-3f1d6f0f4a11")


class BadBodyError(ValueError):
    """The body is not JSON; the message gives the position."""


@dataclass
class Batch:
    """The events of one body.

    Attributes:
        rows: the valid events, as rows of `landing/events/`: event_id, contact_key, name,
            occurred_at (ISO 8601, UTC), properties.
        rejected: the invalid events: `{"index": position from 0 (NDJSON: line), "errors": [str]}`.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)


class RecentIds:
    """The ids of the last events, with a hash of their content.

    An id counts once, so an event with a used id and other content would not land. Landing lists
    such an event if its id is older than this memory.

    Args:
        size: the number of ids.
    """

    def __init__(self, size: int = 100_000) -> None:
        self._size = size
        self._contents: OrderedDict[str, bytes] = OrderedDict()

    def is_other(self, row: dict[str, Any]) -> bool:
        """Whether the id came with other content before; remembers a new id."""
        content = blake2b(json.dumps(row, sort_keys=True).encode(), digest_size=16).digest()
        known = self._contents.setdefault(row["event_id"], content)
        if len(self._contents) > self._size:
            self._contents.popitem(last=False)
        return known != content


def parse_events(body: bytes, content_type: str, now: datetime, recent: RecentIds) -> Batch:
    """Read events: one JSON object, an array, or (with an NDJSON content type) one per line.

    An event without `event_id` gets an id made from its content. A client that lost the answer
    can repeat the request, and the event still counts once.

    Args:
        body: the body.
        content_type: the header.
        now: the time of the request (UTC).
        recent: the ids of earlier requests.

    Raises:
        BadBodyError: the body is not JSON.
    """
    batch = Batch()
    if content_type.partition(";")[0].strip().lower() in _LINE_TYPES:
        for index, line in enumerate(body.split(b"\n")):
            if line.strip():
                _add(batch, index, line, now, recent)
        return batch
    try:
        document = _decode(body)
    except ValueError as error:
        raise BadBodyError(
            f"not JSON: {error}; for one event per line use Content-Type: application/x-ndjson"
        ) from error
    for index, item in enumerate(document if isinstance(document, list) else [document]):
        _add(batch, index, item, now, recent)
    return batch


def _add(batch: Batch, index: int, item: object, now: datetime, recent: RecentIds) -> None:
    try:
        document = _decode(item) if isinstance(item, bytes) else item
        row = _Event.model_validate(document, context={"now": now}).row()
    except ValidationError as error:
        errors = [_explain(problem) for problem in error.errors()]
    except ValueError as error:
        errors = [f"not JSON: {error}"]
    else:
        problem = why_no_row(row)
        if problem:
            errors = [f"the event {problem}"]
        elif recent.is_other(row):
            errors = ["event_id: came before with other content"]
        else:
            batch.rows.append(row)
            return
    batch.rejected.append({"index": index, "errors": errors})


def _decode(body: bytes) -> Any:  # noqa: ANN401 - any JSON value
    return from_json(body, allow_inf_nan=False)


def _explain(problem: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails
    key = ".".join(str(part) for part in problem["loc"])
    return f"{key}: {problem['msg']}" if key else problem["msg"]


def _instant(value: object) -> datetime:
    if not isinstance(value, str):
        raise ValueError("must be text (example: 2026-03-01T09:30:00Z)")  # noqa: TRY004 - pydantic's
    try:
        instant = datetime.fromisoformat(value)
        if instant.tzinfo is None:
            raise ValueError("needs a time and its UTC offset (example: 2026-03-01T09:30:00Z)")
        return instant.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("is out of range") from error


def _text(value: str) -> str:
    _refuse(why_no_text(value))
    return value


def _time(value: datetime, info: ValidationInfo) -> datetime:
    _refuse(why_no_time(value, (info.context or {})["now"]))
    return value


def _json(value: dict[str, Any]) -> dict[str, Any]:
    _refuse(why_no_json(value))
    return value


def _refuse(problem: str | None) -> None:
    if problem:
        raise ValueError(problem)


class _Event(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    event_id: Annotated[str, AfterValidator(_text)] | None = Field(default=None, max_length=200)
    contact_key: Annotated[str, Field(max_length=1000), AfterValidator(_text)]
    name: Annotated[str, Field(max_length=200), AfterValidator(_text)]
    occurred_at: Annotated[datetime, BeforeValidator(_instant), AfterValidator(_time)]
    properties: Annotated[dict[str, Any], AfterValidator(_json)] = Field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        content = {
            "contact_key": self.contact_key,
            "name": self.name,
            "occurred_at": self.occurred_at.isoformat(),
            "properties": self.properties,
        }
        spelled = json.dumps(content, sort_keys=True)
        return {"event_id": self.event_id or str(uuid.uuid5(_NAMESPACE, spelled)), **content}
