"""The ASCII form of foreign domains, the one part of an address that SQL cannot compute.

A Python model, so every build of the models builds it, from landed files alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from senders.addresses import ascii_domain

if TYPE_CHECKING:
    import duckdb


def model(dbt: Any, session: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:  # noqa: ANN401
    """Return domain and ascii_domain (both varchar) for every domain of foreign_domains."""
    dbt.config(materialized="table")
    domains = [domain for (domain,) in dbt.ref("foreign_domains").fetchall()]
    session.execute(
        """create or replace temp table asked_for as
        select unnest($domains::varchar[]) as domain, unnest($ascii::varchar[]) as ascii_domain""",
        {"domains": domains, "ascii": [ascii_domain(domain) for domain in domains]},
    )
    return session.table("asked_for")
