"""What a trigger's YAML has to say of it, beside the SQL that says it exactly."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

KINDS = (
    "event",
    "absence",
    "threshold crossing",
    "segment entry",
    "segment exit",
    "date",
    "CRM field change",
)


def check(manifest: Mapping[str, Any]) -> list[str]:
    """Hold every trigger against the contract: its kind, and who answers for it.

    Args:
        manifest: dbt's.

    Returns:
        A line for each violation, with the file and the remedy. That a YAML is missing is not told
        here: `sendhouse check` does so of every model.
    """
    found: list[str] = []
    for node in manifest["nodes"].values():
        if node["resource_type"] != "model" or node["fqn"][1] != "triggers":
            continue
        if node["patch_path"] is None:
            continue
        meta = node["config"]["meta"]
        said = (
            f"{PurePath(node['original_file_path']).with_suffix('.yml')}: trigger '{node['name']}'"
        )
        if meta.get("kind") not in KINDS:
            found.append(
                f"{said} has config.meta.kind '{meta.get('kind', '')}': write one of "
                f"{', '.join(KINDS)}"
            )
        if not meta.get("owner"):
            found.append(
                f"{said} has no config.meta.owner: write the e-mail address of who answers for it"
            )
    return found
