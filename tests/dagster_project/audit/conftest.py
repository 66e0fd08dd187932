from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from dagster_project.audit import CrmAudit, FieldAudit
from dagster_project.audit.crm.audit import audit_crm
from dagster_project.home import warehouse
from dagster_project.home.settings import Settings, load_settings
from dagster_project.home.warehouse import Clock
from dagster_project.landing import land_new
from dagster_project.tick import installation

if TYPE_CHECKING:
    from pathlib import Path

MARCH = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Crm:
    """An installation in which a test lands exports and runs the CRM audit."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        installation.create(settings)

    def land(self, at: datetime, place: str, content: str) -> None:
        path = self.settings.landing_dir / place / f"{at:%Y%m%dT%H%M}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        self.land_folder(at)

    def land_folder(self, at: datetime) -> None:
        with warehouse.connect(self.settings.warehouse_path) as connection:
            landed = land_new(connection, self.settings, at)
        assert not [file for file in landed if file.error]

    def audit(self, as_of: datetime = MARCH) -> CrmAudit:
        with warehouse.connect(self.settings.warehouse_path) as connection:
            warehouse.set_clock(connection, Clock(as_of, is_simulated=True))
            return audit_crm(connection, self.settings, {"nodes": {}})


@pytest.fixture
def crm(tmp_path: Path) -> Crm:
    return Crm(load_settings(home=tmp_path / "var"))


def field_of(audit: CrmAudit, table: str, name: str) -> FieldAudit:
    (found,) = [row for row in audit.fields if (row.source_table, row.field) == (table, name)]
    return found
