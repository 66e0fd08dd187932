"""The smallest difference that an A/B test of a given size can show."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

POWER = 0.8
"""The probability that the test shows an existing difference."""
SIGNIFICANCE = 0.05
"""The probability that the test shows a difference that does not exist, in either direction."""


def smallest_difference(people: int, base: float, power: float = POWER) -> float | None:
    """Compute the smallest increase above `base` that a test of two equal halves shows.

    Two-sided test of two proportions at 5 %, normal approximation, without continuity correction:
    Fleiss, Levin, Paik, Statistical Methods for Rates and Proportions, 3rd ed. (2003), section 4.2,
    solved for the difference. R's `power.prop.test` computes the same. The approximation is too
    optimistic if fewer than about five people of a half are expected to respond.

    Args:
        people: the size of both halves together.
        base: the rate of one half, 0 to 1 (example: an open rate of 0.2).
        power: the probability to show an existing difference, 0 to 1.

    Returns:
        The difference between the rates, 0 to 1 - base; None if the test does not even show a rate
        of 1 against `base`.
    """
    if not 0 <= base < 1:
        return None
    each = people // 2
    low, high = base, 1.0
    if not _shows(each, base, high, power):
        return None
    while high - low > 1e-6:
        middle = (low + high) / 2
        if _shows(each, base, middle, power):
            high = middle
        else:
            low = middle
    return high - base


def _shows(each: int, base: float, other: float, power: float) -> bool:
    normal = NormalDist()
    both = (base + other) / 2
    noise_if_equal = normal.inv_cdf(1 - SIGNIFICANCE / 2) * sqrt(2 * both * (1 - both))
    noise = normal.inv_cdf(power) * sqrt(base * (1 - base) + other * (1 - other))
    return (other - base) * sqrt(each) >= noise_if_equal + noise
