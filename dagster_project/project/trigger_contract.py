"""The contract of a trigger's YAML: kind and owner."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any


def check(manifest: Mapping[str, Any]) -> list[str]:
    """Check every trigger of the project against the contract.

    Args:
        manifest: the dbt manifest.

    Returns:
        One line per violation with the file and the remedy. A missing YAML is not reported here:
        `sendhouse check` reports it for every model.
    """
    kinds = _kinds(manifest)
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
        if kind not in kinds:
            problem = f"an invalid config.meta.kind '{kind}'" if kind else "no config.meta.kind"
            found.append(f"{trigger} has {problem}: write one of {', '.join(kinds)}")
        if not meta.get("owner"):
            found.append(
                f"{trigger} has no config.meta.owner: write the e-mail address of the owner"
            )
    return found


def _kinds(manifest: Mapping[str, Any]) -> list[str]:
    """The kinds that the trigger macros declare in dbt/macros/triggers/triggers.yml."""
    declared = (macro["meta"].get("kind") for macro in manifest["macros"].values())
    return sorted({kind for kind in declared if kind})
