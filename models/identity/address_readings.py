"""The addresses in cells that SQL cannot read: one reading for CRM exports, events and tracking.

A Python model, so every build of the models builds it, from landed files alone. Each cell is read
once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from senders.address_cells import read_cell

if TYPE_CHECKING:
    import duckdb


def model(dbt: Any, session: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:  # noqa: ANN401
    """Return cell, addresses and is_certain for every new cell of address_cells."""
    dbt.config(materialized="incremental", incremental_strategy="append")
    cells = dbt.ref("address_cells")
    if dbt.is_incremental:
        cells = cells.join(session.sql(f"select cell from {dbt.this}"), "cell", how="anti")  # noqa: S608
    texts = [cell for (cell,) in cells.fetchall()]
    readings = [read_cell(cell) for cell in texts]
    session.execute(
        """create or replace temp table new_readings as
        select
            unnest($cells::varchar[]) as cell,
            unnest($addresses::varchar[][]) as addresses,
            unnest($certain::boolean[]) as is_certain""",
        {
            "cells": texts,
            "addresses": [list(reading.addresses) for reading in readings],
            "certain": [reading.is_certain for reading in readings],
        },
    )
    return session.table("new_readings")
