from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collector.running import RunningCollector


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[RunningCollector]:
    running = RunningCollector(tmp_path / "landing").start()
    yield running
    running.end()
    assert "Traceback" not in running.log()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCollector]:
    """One collector for all tests of a module that only check answers."""
    running = RunningCollector(tmp_path_factory.mktemp("collector") / "landing").start()
    yield running
    running.end()
    assert "Traceback" not in running.log()
