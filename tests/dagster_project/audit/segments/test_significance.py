from __future__ import annotations

import pytest

from dagster_project.audit.segments.significance import smallest_difference


@pytest.mark.parametrize(
    ("people", "base", "power", "other"),
    [
        # The example of R's help page: power.prop.test(n = 50, p1 = .50, power = .90).
        (100, 0.5, 0.9, 0.8026),
        # Solved for n: p1 = .50, p2 = .75, power = .90 needs n = 76.7.
        (154, 0.5, 0.9, 0.75),
        # Fleiss, Levin, Paik, table A.4 without continuity correction: n = 293.
        (588, 0.2, 0.8, 0.3),
    ],
)
def test_the_smallest_difference_matches_published_values(
    people: int, base: float, power: float, other: float
):
    found = smallest_difference(people, base, power)
    assert found is not None
    assert base + found == pytest.approx(other, abs=0.0015)


def test_a_larger_test_shows_smaller_differences_and_a_tiny_test_shows_none():
    shown = [smallest_difference(people, 0.2) or 1.0 for people in (20, 200, 2_000, 200_000)]
    assert shown == sorted(shown, reverse=True)
    assert 0 < shown[-1] < shown[0] < 0.8
    assert smallest_difference(0, 0.2) is None
    assert smallest_difference(1, 0.2) is None
    assert smallest_difference(4, 0.2) is None
