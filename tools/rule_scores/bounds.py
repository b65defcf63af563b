"""95 % bounds of shares and of rates, exact or nearly so, without a statistics library."""

from __future__ import annotations

import math
from collections.abc import Callable

Z_95 = 1.959963984540054
_TAIL = 0.025


def wilson(hits: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson, 1927); (0, 1) for nothing observed."""
    if total == 0:
        return 0.0, 1.0
    share, z2 = hits / total, Z_95**2
    middle = (share + z2 / (2 * total)) / (1 + z2 / total)
    reach = Z_95 / (1 + z2 / total) * math.sqrt(share * (1 - share) / total + z2 / (4 * total**2))
    low = 0.0 if hits == 0 else middle - reach
    high = 1.0 if hits == total else middle + reach
    return low, high


def poisson(count: int, exposure: float) -> tuple[float, float]:
    """The exact 95 % interval of a rate after `count` events in `exposure` (Garwood, 1936)."""
    low = 0.0 if count == 0 else _root(lambda mean: 1 - _poisson_cdf(count - 1, mean) - _TAIL, 0.0, float(count))
    top = count + 10 * math.sqrt(count + 1) + 10
    high = _root(lambda mean: _TAIL - _poisson_cdf(count, mean), float(count), top)
    return low / exposure, high / exposure


def _poisson_cdf(count: int, mean: float) -> float:
    """The chance of at most `count` events."""
    if mean == 0.0:
        return 1.0
    return math.fsum(math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(count + 1))


def _root(rising: Callable[[float], float], low: float, high: float) -> float:
    """Where a rising function is 0, by bisection."""
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (low, middle) if rising(middle) > 0 else (middle, high)
    return (low + high) / 2
