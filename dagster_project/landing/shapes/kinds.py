"""Which kinds of files there are: Sendhouse's own shapes, and the sources of the settings.

A kind is named as its folder under `landing/`: `events`, `tracking`, `crm/<source>/<object>`, or
the name of a `[sources.NAME]` table.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dagster_project.home.source_settings import SourceSettings
from dagster_project.landing.errors import KindError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import PurePath

# No double underscore: in raw.<source>__<object> it is what separates the two.
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_OWN_FOLDERS = ("events", "tracking", "crm")


@dataclass(frozen=True)
class Kind:
    """One kind of file and how it is read."""

    name: str
    """As the folder is called: `events`, `crm/standard/contacts`, `shop_orders`."""
    shape: Literal["events", "tracking", "crm"]
    """What the rows are."""
    table: str
    """The table under schema `raw` that they go to."""
    source: SourceSettings
    """How the file's columns map onto that shape."""

    @property
    def mapping(self) -> str:
        """A fingerprint of the mapping: what failed is tried again when it changes."""
        return hashlib.sha256(self.source.model_dump_json().encode()).hexdigest()[:16]


def parse_kind(name: str, sources: Mapping[str, SourceSettings]) -> Kind:
    """Read a kind's name.

    Args:
        name: `events`, `tracking`, `crm/<source>/<object>` or a name among `sources`.
        sources: the `[sources.*]` tables of the settings.

    Raises:
        KindError: there is no such kind, or its table in the settings is wrong.

    """
    source = sources.get(name)
    if source is None:
        shape = name
        source = SourceSettings.model_validate({"as": name})
    elif name in _OWN_FOLDERS or not _NAME.fullmatch(name):
        raise KindError(
            f"[sources.{name}]: a source is named in lowercase letters, digits and single "
            f"underscores, and not {', '.join(_OWN_FOLDERS)}: rename it in sendhouse.toml"
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
            raise KindError(f"no kind of file is called '{name}': {_choices(sources)}")


def kind_of_folder(relative: PurePath) -> str:
    """The kind's name that a file's place under `landing/` says.

    Args:
        relative: the file's path relative to `landing/`.

    Returns:
        A name for `parse_kind`, which is where a folder that is no kind is told.

    """
    folders = relative.parent.parts
    if not folders:
        return "."
    return "/".join(folders[:3]) if folders[0] == "crm" else folders[0]


def _choices(sources: Mapping[str, SourceSettings]) -> str:
    own = ["events", "tracking", "crm/<source>/<object>"]
    return f"the kinds are {', '.join([*own, *sorted(sources)])} (see [sources] in sendhouse.toml)"
