"""Render a page, and the index of all pages."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2

if TYPE_CHECKING:
    from datetime import datetime

    from dagster_project.home.settings import Settings

_INDEX = "index"
_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)
_SUMMARY = re.compile(r'<meta name="description" content="(.*?)">', re.DOTALL)


@dataclass(frozen=True)
class Page:
    """A page as listed in the index; title and summary come from the page itself."""

    name: str
    title: str
    summary: str


def write(settings: Settings, name: str, as_of: datetime, **values: Any) -> Path:  # noqa: ANN401
    """Render `templates/<name>.html.j2` to `<home>/report/<name>.html`, and rebuild the index.

    The index lists the files in the folder, so a new page needs no registration.

    Args:
        settings: the installation.
        name: the name of the page and of its template.
        as_of: the clock, shown on every page.
        values: the variables of the template.

    """
    folder = settings.home / "report"
    folder.mkdir(parents=True, exist_ok=True)
    path = _replace(folder, name, as_of, values)
    _replace(folder, _INDEX, as_of, {"pages": list_pages(folder)})
    return path


def list_pages(folder: Path) -> list[Page]:
    """List the pages in a report folder, sorted by title."""
    pages: list[Page] = []
    for path in folder.glob("*.html"):
        head = path.read_text(encoding="utf-8")[:4000]
        title, summary = _TITLE.search(head), _SUMMARY.search(head)
        if path.stem != _INDEX and title is not None:
            text = html.unescape(summary[1]) if summary else ""
            pages.append(Page(path.stem, html.unescape(title[1]), text))
    return sorted(pages, key=lambda page: page.title)


def _replace(folder: Path, name: str, as_of: datetime, values: dict[str, Any]) -> Path:
    """Write a temporary file and rename it: a reader sees the old page or the new page."""
    path = folder / f"{name}.html"
    unfinished = folder / f".{name}.html"
    template = _environment().get_template(f"{name}.html.j2")
    unfinished.write_text(template.render(as_of=as_of, **values), encoding="utf-8")
    unfinished.replace(path)
    return path


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
