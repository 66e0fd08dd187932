from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.home import finish

if TYPE_CHECKING:
    from tests.support.home import Home


def test_init_creates_the_installation_and_a_second_init_changes_nothing(home: Home):
    first = finish(home.start("init", "--json"))
    assert first.report == {"home": str(home.folder)}
    home.rows("insert into raw.rejects values ('file', 1, 'kept', null)")

    second = finish(home.start("init"))

    assert second.code == 0
    assert second.out == f"ready: {home.folder}\n"
    assert home.rows("select reason from raw.rejects") == [("kept",)]
    assert ("silence_days",) in home.rows("select name from control.parameters")
    created = {path.name for path in home.folder.iterdir()}
    assert created >= {"warehouse.duckdb", "journal.sqlite", "landing", "outbox", "serving"}
