"""The ASCII form of foreign domains: the one thing about addresses that SQL cannot work out.

A model in Python, so that whatever builds the models builds it too, from what landed alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from senders.addresses import ascii_domain

if TYPE_CHECKING:
    import duckdb


def model(dbt: Any, session: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:  # noqa: ANN401
    """Give every domain of foreign_domains its ASCII form: domain, ascii_domain (both varchar)."""
    dbt.config(materialized="table")
    domains = [domain for (domain,) in dbt.ref("foreign_domains").fetchall()]
    session.execute(
        """create or replace temp table asked_for as
        select unnest($domains::varchar[]) as domain, unnest($ascii::varchar[]) as ascii_domain""",
        {"domains": domains, "ascii": [ascii_domain(domain) for domain in domains]},
    )
    return session.table("asked_for")
