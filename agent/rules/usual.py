"""What a zone usually sees in a quarter of an hour: learned for each of the 168 hours of the week, and for these days.

For each hour of the week a rate, with exponential memory, shrunk towards the same hour of all days and that towards the
zone's mean (as a gamma-Poisson model would); times the level of the last busy hours, which carries a holiday's eve,
promotions and drift; and how much counts vary beyond Poisson.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, log1p

from agent.domain import Json

SLOT_MIN = 15
SLOTS_PER_HOUR = 60 // SLOT_MIN
SLOTS_PER_DAY = 24 * SLOTS_PER_HOUR
HOURS = 168
HALF_LIFE_WEEKS = 8
FADE = 0.5 ** (1 / (HALF_LIFE_WEEKS * SLOTS_PER_HOUR))
SHRINK_SLOTS = 4.0
LEAST_MEAN = 0.2
SPREAD_START, SPREAD_START_TOTAL, SPREAD_MEMORY = 2.0, 100.0, 5000.0
LEVEL_FADE = 0.5 ** (1 / (6 * SLOTS_PER_HOUR))
LEVEL_SHRINK = 10.0
LEVEL_LEAST, LEVEL_MOST = 0.8, 3.0


def critical_count(mean: float, variance: float, probability: float) -> int:
    """The smallest count that a negative binomial of this mean and variance reaches with at most `probability`."""
    size = mean * mean / max(variance - mean, 1e-6 * mean)
    ratio = mean / (mean + size)
    term = exp(-size * log1p(mean / size))
    rest, count = 1.0 - term, 1
    while rest > probability and count < 100_000:
        term *= ratio * (size + count - 1) / count
        rest -= term
        count += 1
    return count


class Spread:
    """The ratio of variance to mean of counts, at least that of Poisson; a running mean that begins with a guess.

    Counts weigh as much as was expected, so that the busy hours, whose limits matter most, decide.
    """

    def __init__(self) -> None:
        self.ratio, self.total = SPREAD_START, SPREAD_START_TOTAL

    def learn(self, count: float, mean: float) -> None:
        """Take in one count and what was expected."""
        self.total = min(self.total + mean, SPREAD_MEMORY)
        self.ratio += ((count - mean) ** 2 - self.ratio * mean) / self.total


class Level:
    """How busy the last hours were against the usual week; hours in which nobody is expected do not count."""

    def __init__(self) -> None:
        self.count = self.usual = 0.0

    def factor(self, ratio: float) -> float:
        """What to multiply the usual rate by; the more counts vary (`ratio`) the more it takes to move it."""
        shrink = LEVEL_SHRINK * ratio
        return min(max((self.count + shrink) / (self.usual + shrink), LEVEL_LEAST), LEVEL_MOST)

    def learn(self, count: float, usual: float) -> None:
        """Take in one quarter and what the usual week has there."""
        if usual >= LEAST_MEAN:
            self.count = self.count * LEVEL_FADE + count
            self.usual = self.usual * LEVEL_FADE + usual


class Week:
    """What one zone usually sees in a quarter of an hour, for each hour of the week; hour 0 is Monday 00:00."""

    def __init__(self) -> None:
        self._counts = [0.0] * HOURS
        self._slots = [0.0] * HOURS
        self.learned = 0

    def mean(self, hour: int) -> float:
        """The expected count of a quarter in this hour of the week."""
        overall = (sum(self._counts) + LEAST_MEAN) / (sum(self._slots) + 1)
        daily = _shrunk(sum(self._counts[hour % 24 :: 24]), sum(self._slots[hour % 24 :: 24]), overall)
        return _shrunk(self._counts[hour], self._slots[hour], daily)

    def known(self, hour: int) -> float:
        """How many quarters of this hour it has seen, less what has faded."""
        return self._slots[hour]

    def learn(self, hour: int, count: float) -> None:
        """Take in one whole quarter."""
        self._counts[hour] = self._counts[hour] * FADE + count
        self._slots[hour] = self._slots[hour] * FADE + 1
        self.learned += 1

    def snapshot(self) -> dict[str, Json]:
        """All it knows."""
        counts: list[Json] = [round(value, 3) for value in self._counts]
        slots: list[Json] = [round(value, 3) for value in self._slots]
        return {"counts": counts, "slots": slots, "learned": self.learned}

    def restore(self, state: Mapping[str, Json]) -> None:
        """Go on from a snapshot. Raises ValueError."""
        learned = state.get("learned")
        if not isinstance(learned, int):
            raise ValueError("not a snapshot of a baseline")
        self._counts, self._slots, self.learned = _week(state.get("counts")), _week(state.get("slots")), learned


def _shrunk(count: float, slots: float, towards: float) -> float:
    return (count + SHRINK_SLOTS * towards) / (slots + SHRINK_SLOTS)


def _week(raw: Json) -> list[float]:
    values = [float(value) for value in raw if isinstance(value, int | float)] if isinstance(raw, list) else []
    if len(values) != HOURS:
        raise ValueError("not a week of numbers")
    return values
