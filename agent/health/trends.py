"""Trends in daily figures: what load and warmth explain taken out, steps found, slopes tested and drawn; pure.

Days are integer numbers in rising order, gaps allowed; values are float arrays beside them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
Days = NDArray[np.int64]

DEVIATION = 1.4826
"""MAD times this is a deviation, for a normal distribution."""
LEAST_FOR_COVARIATES = 14
SURE_OF_SHARE = 3.0
"""In deviations; a share less sure than that would bring in more than it takes out."""
LAGS = 3
"""Serial correlation is looked for in so many lags (Rao, Hamed and Chen 2003)."""
MOST_PHI = 0.8
CUSUM_SLACK, CUSUM_LIMIT = 0.5, 6.0
"""In deviations: half of the smallest step of interest, and where one is suspected (Page 1954)."""
STEP_SPAN, STEP_DEVIATIONS = 5, 4.0
LEAST_DAYS = 10
HINGE_EVERY, HINGE_MARGIN = 3, 4.0


def median(values: F64) -> float:
    """The median of at least one value; NumPy's own takes several times longer for so few."""
    half = len(values) // 2
    parted = np.partition(values, (half - 1, half) if half else 0)
    return float(parted[half]) if len(values) % 2 else float(parted[half - 1] + parted[half]) / 2


class Trend(NamedTuple):
    """A line through the last days.

    `slope` is per day, `level` the line's value on the last day, `p` the chance of so clear an order without a trend.
    `noise` is the deviation around the line, `inflation` by how much serial correlation widens its variance.
    """

    slope: float
    level: float
    p: float
    noise: float
    inflation: float
    days: Days

    def deviation_at(self, ahead: float) -> float:
        """How uncertain the line is so many days after its last one, in the unit of the values."""
        days = self.days.astype(np.float64)
        middle = days.mean()
        spread = max(float(((days - middle) ** 2).sum()), 1e-9)
        reach = float(days[-1]) + ahead - middle
        return self.noise * math.sqrt(self.inflation * (1 / len(days) + reach * reach / spread))


class Step(NamedTuple):
    """A sudden, lasting change: the first day after it, and by how much."""

    day: int
    size: float


def without(values: F64, covariates: Sequence[F64]) -> F64:
    """Values with what `covariates` (each as long, nan where unknown) explain taken out, at their latest usual values.

    The share is fitted on differences from day to day, so that neither a trend nor a season is taken for the effect of
    something that has a trend or a season itself; steps are cut off. Too few days explain nothing, nor do doubtful
    shares.
    """
    known = [one for one in covariates if np.isfinite(one).sum() >= LEAST_FOR_COVARIATES and np.nanstd(one) > 0]
    if len(values) < LEAST_FOR_COVARIATES or not known:
        return values
    beside = np.stack([np.where(np.isfinite(one), one, np.nanmedian(one)) for one in known], axis=1)
    moves, change = np.diff(beside, axis=0), _clipped(np.diff(values))
    weight = moves.T @ moves
    ridge = 0.02 * np.diag(np.diag(weight)) + 1e-9 * np.eye(len(known))
    share = np.linalg.solve(weight + ridge, moves.T @ change)
    doubt = np.std(change - moves @ share) * np.sqrt(np.diag(np.linalg.inv(weight + ridge)))
    share[np.abs(share) < SURE_OF_SHARE * doubt] = 0.0
    return np.asarray(values - (beside - np.median(beside[-LEAST_FOR_COVARIATES:], axis=0)) @ share)


def trend(days: Days, values: F64, tested: F64 | None = None) -> Trend:
    """The line through the values: Theil-Sen slope (Sen 1968), Mann-Kendall's p with Hamed and Rao's correction (1998).

    The line stands where the newest third of the values lies around it. `tested` is what the test is made on, where
    that is not the values themselves.
    """
    slope = theil_sen(days, values)
    rest = values - slope * (days - days[-1])
    rest = rest - median(rest)
    newest = values[-max(len(values) // 3, LEAST_DAYS) :] - slope * (
        days[-max(len(days) // 3, LEAST_DAYS) :] - days[-1]
    )
    phi = persistence(rest)
    noise = max(median(np.abs(rest)) * DEVIATION, 0.8 * float(np.std(rest)), 1e-9)
    p = mann_kendall(days, values if tested is None else tested)
    return Trend(slope, median(newest), p, noise, (1 + phi) / (1 - phi), days)


def theil_sen(days: Days, values: F64) -> float:
    """The median of the slopes between all pairs (Theil 1950, Sen 1968); 0 for fewer than two values."""
    if len(values) < 2:
        return 0.0
    first, second = _pairs(len(values))
    return median((values[second] - values[first]) / (days[second] - days[first]))


def mann_kendall(days: Days, values: F64) -> float:
    """Two-sided p of the Mann-Kendall test for a trend, ties and serial correlation allowed for.

    The variance is widened by the significant correlations, among the first LAGS, of the ranks of what is left without
    the Theil-Sen line (Hamed and Rao 1998, Journal of Hydrology 204); it is never narrowed.
    """
    count = len(values)
    if count < 4:
        return 1.0
    order = float(np.sign(values[None, :] - values[:, None])[_pairs(count)].sum())
    ties = np.unique(values, return_counts=True)[1].astype(np.float64)
    free = count * (count - 1) * (2 * count + 5) - float((ties * (ties - 1) * (2 * ties + 5)).sum())
    if free <= 0:
        return 1.0
    rest = values - theil_sen(days, values) * days
    variance = free / 18 * _widened(_ranks(rest))
    z = (abs(order) - 1) / math.sqrt(variance) if order else 0.0
    return math.erfc(max(z, 0.0) / math.sqrt(2))


def persistence(rest: F64) -> float:
    """The correlation of what is left with that of the day before, 0..MOST_PHI, with small samples' bias put right."""
    if len(rest) < 5 or not float(rest @ rest):
        return 0.0
    limit = 4 * DEVIATION * median(np.abs(rest)) or np.inf
    cut = np.clip(rest, -limit, limit)
    found = float(cut[1:] @ cut[:-1]) / max(float(cut @ cut), 1e-12)
    return float(np.clip(found + (1 + 3 * found) / len(rest), 0.0, MOST_PHI))


def steps(days: Days, values: F64) -> list[Step]:
    """Sudden and lasting changes, oldest first.

    A two-sided CUSUM (Page 1954) of what is left without the usual pace, whitened as of an AR(1), suspects one; it
    counts when the days on both of its sides lie apart by more than their own pace and STEP_DEVIATIONS explain.
    """
    if len(values) < 2 * STEP_SPAN:
        return []
    pace = usual_pace(days, values)
    rest = values - pace * (days - days[-1])
    phi = persistence(rest - _running(rest))
    white = rest[1:] - phi * rest[:-1]
    white = white - median(white)
    deviation = max(DEVIATION * median(np.abs(white)), 1e-9)
    found: dict[int, Step] = {}
    for index in _suspected(white / deviation):
        step = _confirmed(days, values, index, deviation, pace)
        if step and not any(abs(step.day - other) < STEP_SPAN for other in found):
            found[step.day] = step
    return [found[day] for day in sorted(found)]


def usual_pace(days: Days, values: F64) -> float:
    """The usual slope over a few days, which no single step can move."""
    lag = 2 * STEP_SPAN
    return median((values[lag:] - values[:-lag]) / (days[lag:] - days[:-lag])) if len(values) > lag else 0.0


def spliced(days: Days, values: F64, found: Sequence[Step]) -> F64:
    """The values before each step moved by it, as if there had been none."""
    joined = values.copy()
    for step in found:
        joined[days < step.day] += step.size
    return joined


def hinge(days: Days, values: F64, least: int = LEAST_DAYS) -> int:
    """The index at which the course that the last values take has begun: 0, or where two lines fit clearly better.

    Least squares of a line that bends on one of the days; it counts when the squared error falls by more than Schwarz's
    criterion (1978) asks for two more figures, serial correlation allowed for.
    """
    count = len(values)
    if count < 2 * least:
        return 0
    x = (days - days[0]).astype(np.float64)
    straight = np.linalg.qr(np.stack([np.ones(count), x], axis=1))[0]
    rest = values - straight @ (straight.T @ values)
    at = np.arange(least // 2, count - least, HINGE_EVERY)
    bends = np.maximum(x[:, None] - x[at][None, :], 0.0)
    bends -= straight @ (straight.T @ bends)
    gains = (bends.T @ rest) ** 2 / np.maximum((bends * bends).sum(axis=0), 1e-9)
    best = int(np.argmax(gains))
    plain, phi = max(float(rest @ rest), 1e-12), persistence(rest - _running(rest))
    enough = count * (1 - phi) / (1 + phi)
    better = enough * math.log(plain / max(plain - float(gains[best]), 1e-9 * plain))
    return int(at[best]) if better > 2 * math.log(max(enough, 2.0)) + HINGE_MARGIN else 0


def destaired(days: Days, values: F64, quantum: float) -> tuple[Days, F64]:
    """A figure that is told in steps of `quantum` upwards, as the course it has within them.

    On the day of a rise it has just passed the value that was told before; what was before the first rise and after the
    last is drawn on within its step. Empty with fewer than three rises.
    """
    rises = np.flatnonzero(np.diff(values) > quantum / 2) + 1
    if len(rises) < 3:
        return days[:0], values[:0]
    passed = values[rises - 1]
    inside = np.interp(days, days[rises], passed)
    pace = (passed[-1] - passed[-2]) / max(float(days[rises[-1]] - days[rises[-2]]), 1.0)
    after = np.minimum(passed[-1] + pace * (days - days[rises[-1]]), values)
    course = np.where(days > days[rises[-1]], after, inside)
    return days[rises[0] :], course[rises[0] :]


@lru_cache(maxsize=8)
def _pairs(count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    index = np.arange(count)
    first, second = np.repeat(index, count), np.tile(index, count)
    return first[second > first], second[second > first]


def _clipped(change: F64) -> F64:
    middle = median(change)
    reach = 4 * DEVIATION * max(median(np.abs(change - middle)), 1e-9)
    clipped: F64 = np.clip(change - middle, -reach, reach)
    return clipped


def _ranks(values: F64) -> F64:
    ranks = np.empty(len(values))
    ranks[np.argsort(values, kind="stable")] = np.arange(len(values))
    return ranks - (len(values) - 1) / 2


def _widened(ranks: F64) -> float:
    """The factor n/n* by which correlation of the ranks widens the variance; at least 1."""
    count, power = len(ranks), float(ranks @ ranks)
    total = 0.0
    for lag in range(1, min(LAGS, count - 3) + 1):
        found = float(ranks[lag:] @ ranks[:-lag]) / power
        if abs(found) > 1.96 / math.sqrt(count):
            total += (count - lag) * (count - lag - 1) * (count - lag - 2) * found
    return max(1.0, 1 + 2 * total / (count * (count - 1) * (count - 2)))


def _running(values: F64, reach: int = 5) -> F64:
    padded = np.pad(values, reach, mode="edge")
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1), axis=1))


def _suspected(white: F64) -> list[int]:
    """Indices of the values before which a CUSUM saw the mean change."""
    found, up, down, up_from, down_from = [], 0.0, 0.0, 0, 0
    for index, value in enumerate(white):
        up, down = max(0.0, up + value - CUSUM_SLACK), max(0.0, down - value - CUSUM_SLACK)
        up_from, down_from = (index + 1 if not up else up_from), (index + 1 if not down else down_from)
        if max(up, down) > CUSUM_LIMIT:
            begun = up_from if up > down else down_from
            found += [begun + 1] if begun == index else [begun + 1, index + 1]
            up = down = 0.0
            up_from = down_from = index + 1
    return found


def _confirmed(days: Days, values: F64, index: int, deviation: float, pace: float) -> Step | None:
    """A step before `index` when the days on both sides lie well apart; the place is the largest jump nearby."""
    near = range(max(index - 2, STEP_SPAN), min(index + 3, len(values) - STEP_SPAN + 1))
    sizes = {at: median(values[at : at + STEP_SPAN]) - median(values[at - STEP_SPAN : at]) for at in near}
    if not sizes:
        return None
    at = max(sizes, key=lambda one: abs(values[one] - values[one - 1]))
    before, after = slice(max(at - 3 * STEP_SPAN, 0), at), slice(at, at + 3 * STEP_SPAN)
    own = max(abs(theil_sen(days[side], values[side])) for side in (before, after))
    size = sizes[at] - pace * STEP_SPAN
    return Step(int(days[at]), size) if abs(sizes[at]) - own * STEP_SPAN > STEP_DEVIATIONS * deviation else None
