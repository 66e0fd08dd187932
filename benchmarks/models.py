"""One pass of all models, against one query by hand for the table that most of them end in."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import _company
from benchmarks._measure import Comparison, Scale, call

# What contacts.contact_features says of each contact, from raw, with no step in between.
_BY_HAND = r"""
    with clock as (
        select as_of, timezone('UTC', as_of)::date as today from control.clock
    ),
    records as (
        select keys.contact_id, crm.*
        from raw.standard__contacts as crm cross join clock
        inner join decisions.contact_keys as keys
            on keys.key_kind = 'id' and trim(crm.contact_id) = keys.key
        where crm._received_at <= clock.as_of
        qualify row_number() over (
            partition by keys.contact_id
            order by try_cast(crm.updated_at as timestamptz) desc nulls last, trim(crm.contact_id),
                crm._received_at desc, crm._line desc
        ) = 1
    ),
    done as (
        select
            coalesce(by_email.contact_id, by_id.contact_id) as contact_id,
            max(occurred_at) as last_event_at,
            count(*) filter (where timezone('UTC', occurred_at)::date > today - 7) as events_7d,
            count(*) filter (where timezone('UTC', occurred_at)::date > today - 30) as events_30d,
            count(*) filter (where timezone('UTC', occurred_at)::date > today - 90) as events_90d,
            min(occurred_at) filter (where name = 'signed_up') as trial_started_at,
            min(occurred_at) filter (where name = 'activated') as activated_at,
            max(occurred_at) filter (where name = 'purchase_completed') as last_purchase_at,
            count(*) filter (where name = 'purchase_completed') as purchases,
            sum(try_cast(properties ->> '$.amount' as decimal(18, 4)))
                filter (where name = 'purchase_completed') as revenue
        from raw.events cross join clock
        left join decisions.contact_keys as by_id
            on by_id.key_kind = 'id' and trim(events.contact_key) = by_id.key
        left join decisions.contact_keys as by_email
            on by_email.key_kind = 'email' and lower(trim(events.contact_key)) = by_email.key
        where received_at <= as_of
        group by all
    )
    select
        contacts.contact_id, nullif(trim(records.first_name), '') as first_name,
        nullif(trim(records.job_title), '') as job_title,
        nullif(trim(records.country), '') as country,
        done.last_event_at, coalesce(done.events_7d, 0) as events_7d,
        coalesce(done.events_30d, 0) as events_30d, coalesce(done.events_90d, 0) as events_90d,
        done.trial_started_at, done.activated_at, done.last_purchase_at,
        coalesce(done.purchases, 0) as purchases, coalesce(done.revenue, 0) as revenue
    from (select distinct contact_id from decisions.contact_keys) as contacts
    left join records on contacts.contact_id = records.contact_id
    left join done on contacts.contact_id = done.contact_id
"""
_TABLE = "contacts.features_by_hand"


def comparisons(scale: Scale, scratch: Path) -> Iterator[Comparison]:
    """All models on ten times the demo's events."""
    home = _company.make(scratch, scale)
    copies = scale.of(10, 2)
    call(_company.multiply, home=home, copies=copies)
    yield Comparison(
        f"all models on {copies} x the demo's events",
        lambda: call(build_all, home=home),
        "contact_features in one query",
        lambda: call(by_hand, home=home),
    )


def build_all(home: str) -> dict[str, float]:
    """Build every model; dbt has parsed the project before, as in a process that ticks."""
    from dagster_project import dbt
    from dagster_project.settings import load_settings

    settings = load_settings(home=Path(home))
    dbt.raise_for(dbt.build(settings, ["stg_events"], with_tests=False))
    started = time.perf_counter()
    dbt.raise_for(dbt.build(settings, with_tests=False))
    return {"seconds": time.perf_counter() - started}


def by_hand(home: str) -> dict[str, float]:
    """Compute the features without a model, and see that they are the models'."""
    from dagster_project import warehouse

    with warehouse.connect(Path(home) / "warehouse.duckdb") as connection:
        started = time.perf_counter()
        connection.execute(f"create or replace table {_TABLE} as {_BY_HAND}")
        seconds = time.perf_counter() - started
        columns = ", ".join(connection.table(_TABLE).columns)
        [(different,)] = connection.execute(
            f"""select count(*) from (
                (select {columns} from {_TABLE} except all
                    select {columns} from contacts.contact_features)
                union all
                (select {columns} from contacts.contact_features except all
                    select {columns} from {_TABLE}))"""
        ).fetchall()
        connection.execute(f"drop table {_TABLE}")
    if different:
        raise RuntimeError(f"{different} rows by hand are not those of contact_features")
    return {"seconds": seconds}
