"""A copy of the project that tests may break: models, macros and templates, without results."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dagster_project.home.settings import PROJECT_DIR, load_settings
from dagster_project.project import dbt

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PARTIAL_PARSE = "partial_parse.msgpack"


class ProjectCopy:
    """The files that dbt and the senders read, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("models", "dbt", "templates"):
            shutil.copytree(PROJECT_DIR / name, folder / name)
        for name in ("dbt_project.yml", "profiles.yml"):
            shutil.copyfile(PROJECT_DIR / name, folder / name)
        settings = load_settings()
        dbt.prepare(settings)
        # dbt parses only the files that differ from those of its last parse.
        parsed = settings.model_copy(update={"project_dir": folder}).parsed_dir
        parsed.mkdir(parents=True)
        shutil.copyfile(settings.parsed_dir / PARTIAL_PARSE, parsed / PARTIAL_PARSE)

    @contextmanager
    def edited(self, *edits: tuple[str, str, str]) -> Iterator[None]:
        """Edit files for the length of the block; each edit is (file, old text, new text)."""
        before: dict[Path, str] = {}
        for name, old, new in edits:
            path = self.folder / name
            text = path.read_text(encoding="utf-8")
            before.setdefault(path, text)
            assert old in text, f"{name} has no {old!r}"
            path.write_text(text.replace(old, new, 1), encoding="utf-8")
        try:
            yield
        finally:
            for path, text in before.items():
                path.write_text(text, encoding="utf-8")
