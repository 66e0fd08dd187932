"""The vendors' exports are landed and staged once for all tests that look at them."""

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
    """The samples as learnt at NOW, and a day later the web pages' small files."""
    if not EXPORTS.is_dir():
        pytest.skip("the real data sets are not here (../shared/data/crm_exports)")
    folder: Path = tmp_path_factory.mktemp("vendors")
    staged = Staged(folder)
    staged.add_readmes_crm()
    for export in vendor_exports.exports():
        staged.put(export)
    staged.land(NOW)
    web_exports.write(staged)
    staged.land(NOW + timedelta(days=1))
    staged.statuses = staged.build(
        *(f"models/staging/{source}" for source in (*VENDORS, "standard", "acme")),
        *(f"input_{name}" for name in OBJECTS),
        "unreadable_values",
    )
    return staged
