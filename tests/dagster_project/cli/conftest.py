from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.home import Home
from tests.support.project_copy import ProjectCopy

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty installation."""
    return Home(tmp_path / "home")


@pytest.fixture
def project(tmp_path: Path) -> ProjectCopy:
    return ProjectCopy(tmp_path / "project", is_lean=True)
