"""How small a difference a test on so many people can show."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

POWER = 0.8
"""How surely a difference that is there is shown."""
SIGNIFICANCE = 0.05
"""How often one that is not there is shown all the same, in either direction."""


def smallest_difference(people: int, base: float, power: float = POWER) -> float | None:
    """Reckon the smallest rise above `base` that half of the people against the other half shows.

    Two-sided test of two proportions at 5 %, normal approximation, without correction for
    continuity: Fleiss, Levin, Paik, Statistical Methods for Rates and Proportions, 3rd ed. (2003),
    section 4.2, solved for the difference; R's `power.prop.test` computes the same. Where fewer
    than some five of a half are expected to do it, the truth is rather worse.

    Args:
        people: both halves together.
        base: the share of the one half, 0 to 1, such as 0.2 of recipients who open.
        power: 0 to 1.

    Returns:
        The difference between the shares, 0 to 1 - base; None when not even everybody against
        `base` would show.
    """
    if not 0 <= base < 1:
        return None  # everybody does it already
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
