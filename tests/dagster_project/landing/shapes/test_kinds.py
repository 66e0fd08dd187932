from __future__ import annotations

from pathlib import PurePath

import pytest

from dagster_project.home.source_settings import SourceSettings
from dagster_project.landing.errors import KindError
from dagster_project.landing.shapes.kinds import kind_of_folder, parse_kind


def source(**keys) -> SourceSettings:
    return SourceSettings.model_validate(keys)


@pytest.mark.parametrize(
    ("name", "shape", "table"),
    [
        ("events", "events", "events"),
        ("tracking", "tracking", "tracking"),
        ("crm/standard/contacts", "crm", "standard__contacts"),
        ("shop_orders", "events", "events"),
    ],
)
def test_a_kind_has_a_shape_and_a_table(name, shape, table):
    kind = parse_kind(name, {"shop_orders": source(**{"as": "events"})})
    assert (kind.name, kind.shape, kind.table) == (name, shape, table)


@pytest.mark.parametrize(
    "name", ["event", ".", "crm", "crm/a", "crm/A/b", "crm/a__b/c", "crm/a/b/c"]
)
def test_an_unknown_kind_is_refused_with_the_list_of_kinds(name):
    with pytest.raises(KindError, match=r"events, tracking, crm/<source>/<object>, shop_orders"):
        parse_kind(name, {"shop_orders": source(**{"as": "events"})})


def test_a_source_with_an_unknown_as_is_refused_with_its_key():
    with pytest.raises(KindError, match=r"\[sources.shop\] as = 'orders'"):
        parse_kind("shop", {"shop": source(**{"as": "orders"})})


@pytest.mark.parametrize("name", ["events", "Shop", "a__b", "a/b"])
def test_a_source_with_a_reserved_or_invalid_name_is_refused(name):
    with pytest.raises(KindError, match="rename it"):
        parse_kind(name, {name: source(**{"as": "events"})})


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("events/a.csv", "events"),
        ("events/2024/06/a.csv", "events"),
        ("crm/standard/contacts/a.csv", "crm/standard/contacts"),
        ("crm/standard/contacts/2024/a.csv", "crm/standard/contacts"),
        ("crm/standard/a.csv", "crm/standard"),
        ("shop_orders/a.csv", "shop_orders"),
        ("a.csv", "."),
    ],
)
def test_the_folder_determines_the_kind(place, kind):
    assert kind_of_folder(PurePath(place)) == kind


def test_the_hash_of_the_mapping_changes_with_the_mapping():
    before = parse_kind("shop", {"shop": source(**{"as": "events"})})
    after = parse_kind("shop", {"shop": source(**{"as": "events", "timezone": "Europe/Berlin"})})
    assert before.mapping != after.mapping
