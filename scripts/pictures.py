"""Makes docs/images from the demo: an e-mail, the report on segments, the lineage of a sequence.

    make demo && .venv/bin/sendhouse audit segments && .venv/bin/python -m scripts.pictures

Needs chromium (scripts/test-deps.sh installs it).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from dagster_project.check import preview
from dagster_project.home import warehouse
from dagster_project.home.settings import PROJECT_DIR, Settings, load_settings
from dagster_project.project import dbt

IMAGES = PROJECT_DIR / "docs" / "images"

TEMPLATE = "activation/welcome"
_RECIPIENT = """
    select decisions.contact_id, decisions.decided_at
    from decisions.step_decisions as decisions
    inner join contacts.contact_features as features using (contact_id)
    where decisions.template = $template and decisions.decision = 'send'
        and features.first_name is not null
    order by decisions.decided_at desc, decisions.contact_id
    limit 1
"""

# What the picture of the lineage shows: columns from left to right, and the row of each table.
# An arrow stands for a path through tables that the picture leaves out.
LINEAGE: list[dict[str, float]] = [
    {"raw.events": 0, "raw.tracking": 1, "raw.standard__contacts": 2},
    {"key_contacts": 1},
    {"contact_features": 0.5},
    {"trial_accounts": 0, "activated": 1, "signed_up": 2},
    {"activation": 1},
    {"step_decisions": 1},
    {"send_queue": 0.5, "sequence_steps": 1.5},
]
_COLOURS = {
    "raw": "#e8e8e4",
    "identity": "#dbe9f4",
    "contacts": "#dbe9f4",
    "segments": "#fde9c9",
    "triggers": "#fde9c9",
    "sequences": "#f9cf8b",
    "decisions": "#dcefd8",
    "delivery": "#f6d9d5",
    "funnels": "#e6dcf1",
}
_WIDTH, _HEIGHT, _GAP_X, _GAP_Y = 176, 54, 36, 26


def main() -> None:
    """Make every picture."""
    settings = load_settings()
    IMAGES.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        _shoot(browser, "email", _email(settings), width=640, height=740)
        report = (settings.home / "report" / "segments.html").read_text(encoding="utf-8")
        _shoot(browser, "report", report, width=900, height=1030)
        drawn, width, height = _lineage(dbt.manifest(settings))
        _shoot(browser, "lineage", drawn, width=width, height=height)
        browser.close()


def _shoot(browser: Browser, name: str, html: str, *, width: int, height: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": height})
    page.set_content(html)
    page.screenshot(path=IMAGES / f"{name}.png")
    page.close()


def _email(settings: Settings) -> str:
    with warehouse.connect(settings.warehouse_path, read_only=True) as connection:
        contact_id, sent_at = connection.execute(_RECIPIENT, {"template": TEMPLATE}).fetchall()[0]
        contact = preview.find_contact(connection, contact_id) or {}
    return preview.render(settings, TEMPLATE, contact, sent_at).html


def _lineage(manifest: Mapping[str, Any]) -> tuple[str, int, int]:
    """The graph as HTML, with its width and height."""
    places = {
        name: (20 + x * (_WIDTH + _GAP_X), 20 + int(row * (_HEIGHT + _GAP_Y)))
        for x, column in enumerate(LINEAGE)
        for name, row in column.items()
    }
    width = 40 + len(LINEAGE) * (_WIDTH + _GAP_X) - _GAP_X
    height = 40 + 3 * _HEIGHT + 2 * _GAP_Y
    parts = [_arrow(places[above], places[name]) for above, name in _arrows(manifest)]
    schemas = dict(_schemas(manifest))
    for name, (x, y) in places.items():
        schema, _, table = name.rpartition(".")
        schema = schema or schemas[name]
        parts.append(
            f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="6"'
            f' fill="{_COLOURS[schema]}" stroke="#8a8f98"/>'
            f'<text x="{x + 10}" y="{y + 18}" font-size="13" fill="#5b616b">{schema}</text>'
            f'<text x="{x + 10}" y="{y + 41}" font-size="17">{escape(table)}</text>'
        )
    svg = f'<svg width="{width}" height="{height}" font-family="sans-serif">{"".join(parts)}</svg>'
    return f'<body style="margin:0;background:#fff">{svg}</body>', width, height


def _arrow(start: tuple[int, int], end: tuple[int, int]) -> str:
    (x1, y1), (x2, y2) = start, end
    x1, y1, y2 = x1 + _WIDTH, y1 + _HEIGHT // 2, y2 + _HEIGHT // 2
    middle = (x1 + x2) // 2
    return (
        f'<path d="M{x1} {y1} C{middle} {y1} {middle} {y2} {x2 - 6} {y2}" fill="none"'
        f' stroke="#8a8f98" stroke-width="1.4"/>'
        f'<path d="M{x2} {y2} l-8 -4 v8 z" fill="#8a8f98"/>'
    )


def _schemas(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model":
            yield node["name"], node["schema"]


def _arrows(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Pairs of shown tables where a path leads from one to the other past no third."""
    named = {node["name"]: key for key, node in manifest["nodes"].items()}
    named |= {
        f"{one['schema']}.{one['identifier']}": key for key, one in manifest["sources"].items()
    }
    above = {
        name: {other for other in _names() if named[other] in _ancestors(manifest, named[name])}
        for name in _names()
    }
    for name, others in above.items():
        for other in others:
            if not any(other in above[between] for between in others):
                yield other, name


def _names() -> list[str]:
    return [name for column in LINEAGE for name in column]


def _ancestors(manifest: Mapping[str, Any], key: str) -> set[str]:
    found: set[str] = set()
    waiting = [key]
    while waiting:
        parents = set(manifest["parent_map"].get(waiting.pop(), ())) - found
        found |= parents
        waiting += parents
    return found


if __name__ == "__main__":
    main()
