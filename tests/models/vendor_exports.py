"""The vendors' sample exports, and a warehouse in which they are landed and staged."""

from __future__ import annotations

import csv
import json
import re
import shutil
import textwrap
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster_project.home import warehouse
from dagster_project.home.settings import Settings, load_settings
from dagster_project.project import registry
from dagster_project.tick import stages
from dagster_project.tick.stages import Stage
from tests.senders.senders_support import SHARED_DATA
from tests.support.dbt_runs import run_dbt
from tests.support.project_copy import ProjectCopy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

EXPORTS = SHARED_DATA / "crm_exports"
VENDORS = ("hubspot", "klaviyo", "mailchimp", "marketo", "pipedrive", "salesforce")
OBJECTS = (
    "contacts",
    "companies",
    "deals",
    "owners",
    "form_submissions",
    "consents",
    "contact_merges",
)
NOW = datetime(2026, 1, 1, tzinfo=UTC)

Row = dict[str, str]


@dataclass(frozen=True)
class Export:
    """One file of the samples, with its place under landing/crm/."""

    path: Path

    @property
    def vendor(self) -> str:
        return self.path.parent.name

    @property
    def object(self) -> str:
        """The vendor's name of the object: `sf_contact_data.csv` holds `contact`."""
        return re.sub(r"^(sf|marketo)_|_data$", "", self.path.stem)

    def rows(self) -> list[Row]:
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))


def exports() -> list[Export]:
    """Every file of the samples."""
    return [Export(path) for path in sorted(EXPORTS.glob("*/*.csv"))]


def rows_of(vendor: str, thing: str) -> list[Row]:
    """The rows of one file, read by Python's csv module."""
    (export,) = (e for e in exports() if (e.vendor, e.object) == (vendor, thing))
    return export.rows()


def headers() -> dict[str, list[str]]:
    """The header rows of exports from the vendors' web pages."""
    return json.loads((EXPORTS / "export_headers.json").read_text(encoding="utf-8"))


class Staged:
    """A copy of the project with every vendor enabled, and its warehouse."""

    def __init__(self, folder: Path) -> None:
        self.project = ProjectCopy(folder / "project").folder
        self.home = folder / "home"
        self.statuses: dict[str, str] = {}
        """The status of each node of the build, by dbt's unique id."""
        self.enable(VENDORS)

    def enable(self, vendors: Sequence[str]) -> None:
        path = self.project / "dbt_project.yml"
        text = path.read_text(encoding="utf-8")
        for vendor in vendors:
            line = f"      {vendor}: {{+enabled: false}}\n"
            assert line in text, f"dbt_project.yml has no line that disables {vendor}"
            text = text.replace(line, "")
        path.write_text(text, encoding="utf-8")
        registry.refresh(self.project)

    def add_the_crm_of_the_readme(self) -> None:
        """Write the files that models/staging/README.md shows for your own CRM."""
        readme = (self.project / "models/staging/README.md").read_text(encoding="utf-8")
        folder = self.project / "models/staging/acme"
        folder.mkdir()
        for name, fence in [("__sources.yml", "yaml"), ("stg_acme__contacts.sql", "sql")]:
            *_, shown = re.findall(
                rf"^   ```{fence}\n(.*?)^   ```$", readme, re.DOTALL | re.MULTILINE
            )
            (folder / name).write_text(textwrap.dedent(shown), encoding="utf-8")
        registry.refresh(self.project)

    def settings(self) -> Settings:
        return load_settings(home=self.home, project_dir=self.project)

    def put(self, export: Export) -> None:
        place = self.home / "landing" / "crm" / export.vendor / export.object
        place.mkdir(parents=True)
        shutil.copyfile(export.path, place / export.path.name)

    def write(self, vendor: str, thing: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Put a CSV file in the web pages' shape; columns missing from a row are empty."""
        place = self.home / "landing" / "crm" / vendor / thing
        place.mkdir(parents=True, exist_ok=True)
        with (place / "web.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows)

    def land(self, at: datetime) -> None:
        settings = self.settings()
        stages.tick(settings, at, until=Stage.LAND)

    def build(self, *select: str) -> dict[str, str]:
        """Build the selection with its data tests; return the status of each node."""
        command = ["build", "--exclude-resource-type", "unit_test", "--select", *select]
        [results] = run_dbt(self.project, self.home, command)
        failed = [one.message for one in results if one.status in ("error", "fail")]
        assert not failed, failed
        return {one.node.unique_id: one.status for one in results}

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with warehouse.connect(self.home / "warehouse.duckdb") as connection:
            return connection.execute(query).fetchall()

    def models(self) -> Iterator[tuple[str, str]]:
        """The vendor and the object of every staging model of the vendors."""
        for vendor in VENDORS:
            for path in sorted((self.project / "models/staging" / vendor).glob("stg_*.sql")):
                yield vendor, path.stem.removeprefix(f"stg_{vendor}__")
