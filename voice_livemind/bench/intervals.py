"""How far figures from few questions can be trusted: 95 % intervals."""

from collections.abc import Sequence
from math import sqrt

import numpy as np

Interval = tuple[float, float]

_Z = 1.959964
"""Standard deviations of a normal distribution to either side of its mean that hold 95 % of it."""
_RESAMPLES = 10_000


def wilson(right: int, count: int) -> Interval | None:
    """Of a share, ``right`` of ``count``. ``None`` of nothing.

    Source: Wilson 1927, as in Newcombe 1998 (Statistics in Medicine 17, 857), method 3.
    """
    if not count:
        return None
    share = right / count
    middle = share + _Z**2 / (2 * count)
    reach = _Z * sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    scale = 1 + _Z**2 / count
    return max(0.0, (middle - reach) / scale), min(1.0, (middle + reach) / scale)


def paired_difference(first: Sequence[bool], second: Sequence[bool]) -> Interval | None:
    """Of the share of ``first`` less that of ``second``, both on the same questions. ``None`` of nothing.

    Unlike a resampling it keeps its width where both agree on every question. Source: Newcombe 1998 (Statistics in
    Medicine 17, 2635), method 10: Wilson's limits of both shares, and their correlation.
    """
    count = len(first)
    limits, other_limits = wilson(sum(first), count), wilson(sum(second), count)
    if limits is None or other_limits is None:
        return None
    (low_1, high_1), (low_2, high_2) = limits, other_limits
    share_1, share_2 = sum(first) / count, sum(second) / count
    related = _correlation(first, second)

    def reach(of_first: float, of_second: float) -> float:
        return sqrt(max(0.0, of_first**2 - 2 * related * of_first * of_second + of_second**2))

    difference = share_1 - share_2
    return (
        difference - reach(share_1 - low_1, high_2 - share_2),
        difference + reach(high_1 - share_1, share_2 - low_2),
    )


def _correlation(first: Sequence[bool], second: Sequence[bool]) -> float:
    """Phi of the fourfold table, corrected for continuity where it is positive; 0 where a margin is empty."""
    pairs = list(zip(first, second, strict=True))
    both, neither = pairs.count((True, True)), pairs.count((False, False))
    only_first, only_second = pairs.count((True, False)), pairs.count((False, True))
    margins = (both + only_first) * (only_second + neither) * (both + only_second) * (only_first + neither)
    if not margins:
        return 0.0
    product = float(both * neither - only_first * only_second)
    if product > 0:
        product = max(product - len(pairs) / 2, 0.0)
    return product / sqrt(margins)


def median_interval(values: Sequence[float], seed: int = 1) -> Interval | None:
    """Of the median, by resampling (percentile bootstrap; Efron & Tibshirani 1993, section 13.3). ``None`` of nothing.

    The same seed gives the same interval.
    """
    if not values:
        return None
    known = np.asarray(values, np.float64)
    drawn = np.random.default_rng(seed).integers(len(known), size=(_RESAMPLES, len(known)))
    low, high = np.percentile(np.median(known[drawn], axis=1), (2.5, 97.5))
    return float(low), float(high)
