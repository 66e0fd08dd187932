"""The vendors' exports, landed and staged once for all tests that read them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.models import vendor_exports, web_exports
from tests.models.vendor_exports import EXPORTS, NOW, OBJECTS, VENDORS, Staged

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Staged:
    """The samples, received at NOW, the small files of the web pages, received a day later, and
    small files that went wrong, received two days later.
    """
    if not EXPORTS.is_dir():
        pytest.skip("the real data sets are missing (../shared/data/crm_exports)")
    folder: Path = tmp_path_factory.mktemp("vendors")
    staged = Staged(folder)
    staged.add_the_crm_of_the_readme()
    for export in vendor_exports.exports():
        staged.put(export)
    staged.land(NOW)
    web_exports.write(staged)
    staged.land(NOW + timedelta(days=1))
    web_exports.write_faults(staged)
    staged.land(NOW + timedelta(days=2))
    staged.statuses = staged.build(
        *(f"models/staging/{source}" for source in (*VENDORS, "standard", "acme")),
        *(f"input_{name}" for name in OBJECTS),
        "stg_events",
        "unreadable_values",
    )
    return staged
