"""Weeks of comings and goings at one zone of a shop, quarter of an hour by quarter: a pure function of plan and seed.

A shop has its hours and its busy ones, busy weekdays, a level that drifts and steps; some days are holidays (closed,
and the day before busier) or belong to a promotion; people come in groups; the camera is now and then without power, or
covered and sees nobody. Into all this fall the bursts that a rule should notice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
Flags = NDArray[np.bool_]

QUARTER_S = 900.0
DAY_QUARTERS, WEEK_DAYS = 96, 7
WEEK_QUARTERS = DAY_QUARTERS * WEEK_DAYS
_WEEKDAYS = (0.85, 0.8, 0.9, 1.0, 1.25, 1.5, 0.6)
_GROUPS = (0.62, 0.26, 0.08, 0.04)
"""How often people come alone, by twos, threes and fours."""
_DAY_SPREAD, _QUARTER_SPREAD = 0.12, 0.15
_DWELL_SIGMA = 0.7


class Stay(NamedTuple):
    """Somebody in the zone, seconds since Monday 00:00 of the first week."""

    start_s: float
    end_s: float


class Burst(NamedTuple):
    """Far more people than usual come: on top of those who come anyhow, `factor - 1` times as many as expected."""

    start_s: float
    end_s: float
    factor: float


@dataclass(frozen=True, slots=True)
class WeeksPlan:
    """What the weeks are like. `busiest` is how many people come in a quarter of the usual week's busiest hour.

    `drift` is the share by which the level has risen after all weeks, `step` that by which it rises from one day on.
    Bursts of 45 to 75 minutes begin after `quiet_weeks`, at most one a day and on `bursts_per_week` of its days, in
    hours in whose every quarter `burst_from` people or more are expected. `dwell_s` is how long people stay, in the
    mean.
    """

    weeks: int = 9
    quiet_weeks: int = 2
    busiest: float = 8.0
    dwell_s: float = 60.0
    drift: float = 0.2
    step: float = 0.0
    holidays: int = 2
    promotions: int = 1
    power_cuts: int = 3
    blindings: int = 3
    bursts_per_week: float = 2.0
    burst_from: float = 1.0
    factor: float = 5.0


def random_plan(seed: int) -> WeeksPlan:
    """A zone of a shop, drawn from the whole range that the rule must bear."""
    rng = np.random.default_rng((seed, 11))
    return WeeksPlan(
        busiest=float(np.exp(rng.uniform(np.log(3), np.log(30)))),
        dwell_s=float(np.exp(rng.uniform(np.log(20), np.log(150)))),
        drift=float(rng.uniform(-0.3, 0.4)),
        step=float(rng.choice([0.0, 0.0, -0.25, 0.3])),
        holidays=int(rng.integers(1, 4)),
        promotions=int(rng.integers(0, 3)),
        power_cuts=int(rng.integers(1, 5)),
        blindings=int(rng.integers(1, 5)),
    )


class ZoneWeeks:
    """All that happens at one zone. Arrays have an entry a quarter; quarter 0 begins on a Monday at 00:00."""

    def __init__(self, plan: WeeksPlan, seed: int) -> None:
        self.plan, self.seed = plan, seed
        self.quarters = plan.weeks * WEEK_QUARTERS

    @cached_property
    def usual(self) -> F64:
        """The people expected in each quarter of the plan's weeks, without days that are special and bursts."""
        rng = self._rng(1)
        opens, closes = 4 * int(rng.integers(6, 10)), 4 * int(rng.integers(18, 23))
        hours = np.arange(DAY_QUARTERS) / 4
        noon, evening = rng.uniform(11, 13), rng.uniform(16.5, 18)
        day = 0.35 + np.exp(-((hours - noon) ** 2) / 5) + rng.uniform(0.5, 1.2) * np.exp(-((hours - evening) ** 2) / 4)
        day *= (np.arange(DAY_QUARTERS) >= opens) & (np.arange(DAY_QUARTERS) < closes)
        weekdays = np.array(_WEEKDAYS) * rng.uniform(0.85, 1.15, WEEK_DAYS)
        weekdays[-1] *= rng.random() < 0.5
        week = np.outer(weekdays, day).ravel()
        level = 1 + self.plan.drift * np.arange(self.quarters) / self.quarters
        level[int(rng.integers(3, 6)) * WEEK_QUARTERS :] *= 1 + self.plan.step
        return np.tile(week / week.max() * self.plan.busiest, self.plan.weeks) * level

    @cached_property
    def expected(self) -> F64:
        """The people expected, holidays, promotions and the mood of the day included, bursts not."""
        rng = self._rng(2)
        days = np.ones(self.quarters // DAY_QUARTERS)
        for first in self._days(rng, self.plan.promotions):
            days[first : first + int(rng.integers(3, 8))] *= rng.uniform(1.2, 1.6)
        for day in self._days(rng, self.plan.holidays):
            days[day], days[day - 1] = 0.0, days[day - 1] * rng.uniform(1.3, 1.6)
        days *= rng.gamma(1 / _DAY_SPREAD**2, _DAY_SPREAD**2, len(days))
        return self.usual * np.repeat(days, DAY_QUARTERS)

    @cached_property
    def bursts(self) -> tuple[Burst, ...]:
        """What should be noticed, by time."""
        rng = self._rng(3)
        found = []
        good = (self.expected >= self.plan.burst_from) & ~self._dark
        for day in range(self.plan.quiet_weeks * WEEK_DAYS, self.plan.weeks * WEEK_DAYS):
            here = good[day * DAY_QUARTERS : (day + 1) * DAY_QUARTERS]
            fit = day * DAY_QUARTERS + np.flatnonzero(np.lib.stride_tricks.sliding_window_view(here, 6).all(1))
            if rng.random() < self.plan.bursts_per_week / WEEK_DAYS and len(fit):
                start_s = (int(rng.choice(fit)) + rng.random()) * QUARTER_S
                found.append(Burst(start_s, start_s + rng.uniform(3, 5) * QUARTER_S, self.plan.factor))
        return tuple(found)

    @cached_property
    def power_cuts(self) -> tuple[Stay, ...]:
        """When the camera is without power."""
        return self._outages(4, self.plan.power_cuts, (0.3, 20.0))

    @cached_property
    def blindings(self) -> tuple[Stay, ...]:
        """When the camera is covered: it runs and sees nobody."""
        return self._outages(5, self.plan.blindings, (0.3, 20.0))

    def stays(self, quarter: int) -> list[Stay]:
        """Who comes in one quarter, by time; some stay past its end. Empty where the camera sees nobody."""
        rng = np.random.default_rng((self.seed, 6, quarter))
        start_s = quarter * QUARTER_S
        mean = self.expected[quarter] * rng.gamma(1 / _QUARTER_SPREAD**2, _QUARTER_SPREAD**2)
        people = list(_people(rng, mean, start_s, start_s + QUARTER_S))
        for burst in self.bursts:
            low, high = max(burst.start_s, start_s), min(burst.end_s, start_s + QUARTER_S)
            if low < high:
                more = self.expected[quarter] * (burst.factor - 1) * (high - low) / QUARTER_S
                people += _crowd(rng, more, low, high)
        dwells = self.plan.dwell_s * rng.lognormal(-(_DWELL_SIGMA**2) / 2, _DWELL_SIGMA, len(people))
        come = [Stay(t_s, t_s + dwell_s) for t_s, dwell_s in zip(sorted(people), dwells.tolist(), strict=True)]
        return [stay for stay in come if not any(dark.start_s <= stay.start_s < dark.end_s for dark in self._outs)]

    @cached_property
    def _outs(self) -> tuple[Stay, ...]:
        return (*self.power_cuts, *self.blindings)

    @cached_property
    def _dark(self) -> Flags:
        """The quarters in which the camera sees nothing at some time."""
        dark = np.zeros(self.quarters, bool)
        for out in self._outs:
            dark[int(out.start_s // QUARTER_S) : int(out.end_s // QUARTER_S) + 1] = True
        return dark

    def _days(self, rng: np.random.Generator, count: int) -> Iterator[int]:
        """Days of the weeks after the first."""
        yield from rng.integers(WEEK_DAYS, self.plan.weeks * WEEK_DAYS, count).tolist()

    def _outages(self, stream: int, count: int, hours: tuple[float, float]) -> tuple[Stay, ...]:
        rng = self._rng(stream)
        starts = np.sort(rng.uniform(0, self.quarters * QUARTER_S, count))
        lengths = np.exp(rng.uniform(np.log(hours[0]), np.log(hours[1]), count)) * 4 * QUARTER_S
        return tuple(Stay(float(start), float(start + length)) for start, length in zip(starts, lengths, strict=True))

    def _rng(self, stream: int) -> np.random.Generator:
        return np.random.default_rng((self.seed, 12, stream))


def _people(rng: np.random.Generator, mean: float, start_s: float, end_s: float) -> Iterator[float]:
    """When so many people come in the mean, in groups."""
    sizes = np.arange(1, len(_GROUPS) + 1)
    groups = int(rng.poisson(mean / float(sizes @ _GROUPS)))
    together = rng.choice(sizes, groups, p=_GROUPS).tolist()
    for size, t_s in zip(together, rng.uniform(start_s, end_s, groups).tolist(), strict=True):
        yield from (t_s + rng.uniform(0, 3, size)).tolist()


def _crowd(rng: np.random.Generator, count: float, start_s: float, end_s: float) -> list[float]:
    """When so many people come, no more and no fewer but for the fraction."""
    whole = int(count) + int(rng.random() < count % 1)
    return [float(t_s) for t_s in rng.uniform(start_s, end_s, whole)]
