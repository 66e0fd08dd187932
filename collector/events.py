"""The body of `POST /events`: JSON becomes rows of the landing format, or reasons for rejection."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import from_json

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


def parse_events(body: bytes, content_type: str) -> Batch:
    """Read events: one JSON object, an array, or (with an NDJSON content type) one per line.

    An event without `event_id` gets an id made from its content. A client that lost the answer
    can repeat the request, and the event still counts once.

    Raises:
        BadBodyError: the body is not JSON.
    """
    batch = Batch()
    if content_type.partition(";")[0].strip().lower() in _LINE_TYPES:
        for index, line in enumerate(body.split(b"\n")):
            if line.strip():
                _add(batch, index, line)
        return batch
    try:
        document = _decode(body)
    except ValueError as error:
        raise BadBodyError(
            f"not JSON: {error}; for one event per line use Content-Type: application/x-ndjson"
        ) from error
    for index, item in enumerate(document if isinstance(document, list) else [document]):
        _add(batch, index, item)
    return batch


def _add(batch: Batch, index: int, item: object) -> None:
    try:
        event = _Event.model_validate(_decode(item) if isinstance(item, bytes) else item)
    except ValidationError as error:
        batch.rejected.append({"index": index, "errors": [_explain(e) for e in error.errors()]})
    except ValueError as error:
        batch.rejected.append({"index": index, "errors": [f"not JSON: {error}"]})
    else:
        batch.rows.append(event.row())


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


class _Event(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    event_id: str | None = Field(default=None, min_length=1, max_length=200)
    contact_key: str = Field(min_length=1, max_length=1000)
    name: str = Field(min_length=1, max_length=200)
    occurred_at: Annotated[datetime, BeforeValidator(_instant)]
    properties: dict[str, Any] = Field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        content = {
            "contact_key": self.contact_key,
            "name": self.name,
            "occurred_at": self.occurred_at.isoformat(),
            "properties": self.properties,
        }
        spelled = json.dumps(content, sort_keys=True)
        return {"event_id": self.event_id or str(uuid.uuid5(_NAMESPACE, spelled)), **content}
