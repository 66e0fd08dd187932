"""A copy of the project that tests may break: models, macros and templates, without results."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from dagster_project.home.settings import PROJECT_DIR, load_settings
from dagster_project.project import dbt

if TYPE_CHECKING:
    from collections.abc import Iterator


class ProjectCopy:
    """The files that dbt and the senders read, in a folder of their own.

    A lean copy has no unit tests and no models of vendors: dbt parses it in half the time.
    """

    def __init__(self, folder: Path, *, is_lean: bool = False) -> None:
        self.folder = folder
        _copy_files(folder, is_lean=is_lean)
        # dbt parses only the files that differ from those of an earlier parse.
        parsed = load_settings(project_dir=folder, home=folder / "var").parsed_dir
        parsed.mkdir(parents=True)
        (parsed / _PARTIAL_PARSE).write_bytes(_parse(is_lean=is_lean))

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


_PARTIAL_PARSE = "partial_parse.msgpack"


def _copy_files(folder: Path, *, is_lean: bool) -> None:
    for name in ("models", "dbt", "templates"):
        shutil.copytree(PROJECT_DIR / name, folder / name)
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copyfile(PROJECT_DIR / name, folder / name)
    if not is_lean:
        return
    project_file = (folder / "dbt_project.yml").read_text(encoding="utf-8")
    for source in (folder / "models/staging").iterdir():
        if f"{source.name}: {{+enabled: false}}" in project_file:
            shutil.rmtree(source)
    for path in (folder / "models").rglob("*.yml"):
        text, _, _ = path.read_text(encoding="utf-8").partition("\nunit_tests:")
        path.write_text(text.rstrip() + "\n", encoding="utf-8")


@cache
def _parse(*, is_lean: bool) -> bytes:
    """The result of one parse of the project as it is, or of a lean copy of it."""
    with TemporaryDirectory() as folder:
        project = Path(folder) if is_lean else PROJECT_DIR
        settings = load_settings(project_dir=project, home=Path(folder) / "var")
        if is_lean:
            _copy_files(settings.project_dir, is_lean=True)
        dbt.prepare(settings)
        return (settings.parsed_dir / _PARTIAL_PARSE).read_bytes()
