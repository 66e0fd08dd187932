from pathlib import Path

import pytest

from demo.company import Company
from demo.timeline import FIRST_DAY, LAST_DAY, days


@pytest.fixture(scope="session")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All files of Northwind: the history and all thirty days."""
    folder = tmp_path_factory.mktemp("northwind") / "landing"
    company = Company()
    company.write_history(folder)
    for day in days(FIRST_DAY, LAST_DAY):
        company.write_day(folder, day)
    return folder
