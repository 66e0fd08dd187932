"""The contract of a trigger's YAML: kind and owner."""

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
    """Check every trigger of the project against the contract.

    Args:
        manifest: the dbt manifest.

    Returns:
        One line per violation with the file and the remedy. A missing YAML is not reported here:
        `sendhouse check` reports it for every model.
    """
    found: list[str] = []
    for node in manifest["nodes"].values():
        if node["resource_type"] != "model" or node["fqn"][1] != "triggers":
            continue
        if node["patch_path"] is None:
            continue
        meta = node["config"]["meta"]
        path = PurePath(node["original_file_path"]).with_suffix(".yml")
        trigger = f"{path}: trigger '{node['name']}'"
        kind = meta.get("kind")
        if kind not in KINDS:
            problem = f"an invalid config.meta.kind '{kind}'" if kind else "no config.meta.kind"
            found.append(f"{trigger} has {problem}: write one of {', '.join(KINDS)}")
        if not meta.get("owner"):
            found.append(
                f"{trigger} has no config.meta.owner: write the e-mail address of the owner"
            )
    return found
