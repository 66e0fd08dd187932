"""The kinds of files: Sendhouse's own shapes, and the sources in the settings.

A kind's name is the folder's name under `landing/`: `events`, `tracking`, `crm/<source>/<object>`,
or the name of a `[sources.NAME]` table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dagster_project.home.source_settings import SourceSettings
from dagster_project.landing.errors import KindError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import PurePath

# No double underscore, because it separates source and object in raw.<source>__<object>.
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_OWN_FOLDERS = ("events", "tracking", "crm")
_ABOUT_FETCHING = (
    *("path", "endpoint_url", "query", "url_env", "cursor"),
    *("max_loss", "unknown_keys"),
)
"""Settings without influence on how a row is read."""


@dataclass(frozen=True)
class Kind:
    """One kind of file and its settings."""

    name: str
    """The folder's name: `events`, `crm/standard/contacts`, `shop_orders`."""
    shape: Literal["events", "tracking", "crm"]
    """What the rows mean."""
    table: str
    """The target table in schema `raw`."""
    source: SourceSettings
    """How to read the file and map its columns."""

    @property
    def mapping(self) -> str:
        """The settings that decide how a file is read, without defaults, as JSON.

        After a change landing retries a failed file, and says which landed files were read with
        another mapping.
        """
        return self.source.model_dump_json(
            by_alias=True, exclude_defaults=True, exclude=set(_ABOUT_FETCHING)
        )


def parse_kind(name: str, sources: Mapping[str, SourceSettings]) -> Kind:
    """Return the kind with this name.

    Args:
        name: `events`, `tracking`, `crm/<source>/<object>` or a key of `sources`.
        sources: the `[sources.*]` tables of the settings.

    Raises:
        KindError: the kind is unknown, or its table in the settings is invalid.

    """
    source = sources.get(name)
    if source is None:
        shape = name
        source = SourceSettings.model_validate({"as": name})
    elif name in _OWN_FOLDERS or not _NAME.fullmatch(name):
        raise KindError(
            f"[sources.{name}]: invalid source name: use lowercase letters, digits and single "
            f"underscores, and none of {', '.join(_OWN_FOLDERS)}; rename it in sendhouse.toml"
        )
    else:
        shape = source.land_as
    match shape.split("/"):
        case ["events"]:
            return Kind(name, "events", "events", source)
        case ["tracking"]:
            return Kind(name, "tracking", "tracking", source)
        case ["crm", crm, thing] if _NAME.fullmatch(crm) and _NAME.fullmatch(thing):
            return Kind(name, "crm", f"{crm}__{thing}", source)
        case _ if shape != name:
            raise KindError(
                f"[sources.{name}] as = '{shape}': must be 'events', 'tracking' or "
                "'crm/<source>/<object>' (lowercase letters, digits and single underscores)"
            )
        case _:
            raise KindError(f"unknown kind of file: '{name}'; {_choices(sources)}")


def kind_of_folder(relative: PurePath) -> str:
    """Return the kind's name by a file's folder under `landing/`.

    Args:
        relative: the file's path relative to `landing/`.

    Returns:
        A name for `parse_kind`, which reports an unknown kind.

    """
    folders = relative.parent.parts
    if not folders:
        return "."
    return "/".join(folders[:3]) if folders[0] == "crm" else folders[0]


def _choices(sources: Mapping[str, SourceSettings]) -> str:
    own = ["events", "tracking", "crm/<source>/<object>"]
    known = ", ".join([*own, *sorted(sources)])
    return f"known kinds: {known} (see [sources] in sendhouse.toml)"
