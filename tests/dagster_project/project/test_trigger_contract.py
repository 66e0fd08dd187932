from __future__ import annotations

from typing import Any

from dagster_project.project import trigger_contract


def test_a_trigger_needs_a_kind_and_an_owner():
    found = trigger_contract.check(
        {
            "nodes": {
                "right": _node("right", kind="segment exit", owner="you@example.com"),
                "wrong": _node("wrong", kind="happening", owner=""),
                "silent": _node("silent"),
                # A missing YAML is reported elsewhere; the other nodes are not triggers.
                "bare": _node("bare") | {"patch_path": None},
                "segment": _node("segment", folder="segments"),
                "test": _node("test") | {"resource_type": "test"},
            },
            "macros": {
                "exit": {"meta": {"kind": "segment exit"}},
                "date": {"meta": {"kind": "date"}},
                "firings": {"meta": {}},
            },
        }
    )

    owner = "has no config.meta.owner: write the e-mail address of the owner"
    kinds = "date, segment exit"
    assert found == [
        f"models/triggers/wrong.yml: trigger 'wrong' has an invalid config.meta.kind 'happening': "
        f"write one of {kinds}",
        f"models/triggers/wrong.yml: trigger 'wrong' {owner}",
        f"models/triggers/silent.yml: trigger 'silent' has no config.meta.kind: "
        f"write one of {kinds}",
        f"models/triggers/silent.yml: trigger 'silent' {owner}",
    ]


def _node(name: str, folder: str = "triggers", **meta: str) -> dict[str, Any]:
    return {
        "resource_type": "model",
        "name": name,
        "fqn": ["sendhouse", folder, name],
        "original_file_path": f"models/{folder}/{name}.sql",
        "patch_path": f"sendhouse://models/{folder}/{name}.yml",
        "config": {"meta": meta},
    }
