"""The rule `unusual_for_hour`: a zone is far busier than it usually is at this hour of the week.

What is usual is learned: for each of the 168 hours a rate of quarter-hour counts, with exponential memory, shrunk
towards the same hour of all days and that towards the zone's mean (as a gamma-Poisson model would), and how much counts
vary beyond Poisson. A quarter or a whole hour is unusual when its count has a tail probability (negative binomial) that
makes the allowed number of false alarms a day.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from math import exp, log1p, sqrt
from typing import NamedTuple

from agent.domain import Json, Severity
from agent.rule_config import UnusualForHourRule
from agent.rules.base import Hit, Subject, View
from agent.rules.continuity import rows
from agent.rules.zones import BRIDGE_S

SLOT_MIN = 15
SLOTS_PER_HOUR = 60 // SLOT_MIN
SLOTS_PER_DAY = 24 * SLOTS_PER_HOUR
HOURS = 168
WHOLE = 0.9
HALF_LIFE_WEEKS = 8
FADE = 0.5 ** (1 / (HALF_LIFE_WEEKS * SLOTS_PER_HOUR))
SHRINK_SLOTS = 2.0
SPREAD_MEMORY = 1000.0
SPREAD_START, SPREAD_START_SLOTS = 1.5, 50.0
LEAST_MEAN = 0.2
CLIP_SD = 3.0
LEAST_EXCESS = 3
WEEK_KNOWN = 3.5
SILENT_SLOTS, LEARNING_SLOTS = 7 * SLOTS_PER_DAY, 14 * SLOTS_PER_DAY


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
    """The ratio of variance to mean of counts, at least that of Poisson; a running mean that begins with a guess."""

    def __init__(self) -> None:
        self.ratio, self.weight = SPREAD_START, SPREAD_START_SLOTS

    def learn(self, count: float, mean: float) -> None:
        """Take in one count and what was expected."""
        mean = max(mean, LEAST_MEAN)
        self.weight = min(self.weight + 1, SPREAD_MEMORY)
        self.ratio += ((count - mean) ** 2 / mean - self.ratio) / self.weight

    def variance(self, mean: float, known_slots: float) -> float:
        """Of the next count, whose mean is known from so many slots."""
        return mean * (max(self.ratio, 1.0) + 1 / (known_slots + SHRINK_SLOTS))


class Baseline:
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


class Limit(NamedTuple):
    """From what count on the last so many quarters are unusual; `before` is what the past ones of them brought."""

    slots: int
    usual: float
    before: float
    least: int


class UnusualForHour:
    """Counts people who come into the zone (or the minutes they spend there) and tells when there are too many.

    Silent for the first seven days that it has watched; to the fourteenth it only informs.
    """

    def __init__(self, config: UnusualForHourRule, zone: int) -> None:
        self.config = config
        self._zone = zone
        self._baseline = Baseline()
        self._spreads = {1: Spread(), SLOTS_PER_HOUR: Spread()}
        self._probability = config.false_per_day / (len(self._spreads) * SLOTS_PER_DAY)
        self._slot: int | None = None
        self._begun_s = self._last_s = 0.0
        self._count = 0.0
        self._inside: set[int] = set()
        self._whole: deque[tuple[float, float]] = deque(maxlen=SLOTS_PER_HOUR - 1)
        self._credible: deque[tuple[float, float]] = deque(maxlen=SLOTS_PER_HOUR - 1)
        self._limits: list[Limit] = []

    def update(self, view: View) -> Iterator[Hit]:
        """One hit for the zone."""
        if view.minute_of_week is None:
            return
        slot = view.minute_of_week // SLOT_MIN
        if slot != self._slot:
            self._begin(slot, view.t_s)
        self._measure(view)
        reached = [limit for limit in self._limits if limit.before + self._count >= limit.least]
        if reached:
            yield self._hit(reached[0])

    def snapshot(self, t_s: float) -> Json:
        """What is usual here; the quarter that runs is left out."""
        spreads: list[Json] = [[spread.ratio, spread.weight] for spread in self._spreads.values()]
        return {**self._baseline.snapshot(), "spreads": spreads}

    def restore(self, state: Json, taken_s: float, shift: int) -> None:
        """Go on from a snapshot. Raises ValueError when it is not one."""
        if not isinstance(state, Mapping):
            raise ValueError("not a snapshot of a baseline")
        kept = rows(state.get("spreads"), 2)
        self._baseline.restore(state)
        for spread, (ratio, weight) in zip(self._spreads.values(), kept, strict=True):
            spread.ratio, spread.weight = ratio, weight

    def _measure(self, view: View) -> None:
        inside = {track for track, zone in view.stays if zone == self._zone}
        if self.config.measure == "count":
            self._count += len(inside - self._inside)
        else:
            self._count += len(inside) * min(view.t_s - self._last_s, 2 * BRIDGE_S) / 60
        self._inside, self._last_s = inside, view.t_s

    def _begin(self, slot: int, t_s: float) -> None:
        """Close the quarter that has passed, learn from it when it was watched as a whole, and set the limits anew."""
        if self._slot is not None and t_s - self._begun_s >= WHOLE * SLOT_MIN * 60 and _follows(self._slot, slot):
            self._learn(self._slot, self._count)
        else:
            self._whole.clear()
            self._credible.clear()
        self._slot, self._count, self._begun_s, self._last_s = slot, 0.0, t_s, t_s
        self._limits = list(self._new_limits(slot // SLOTS_PER_HOUR)) if self._baseline.learned >= SILENT_SLOTS else []

    def _new_limits(self, hour: int) -> Iterator[Limit]:
        mean = self._baseline.mean(hour)
        yield self._limit(1, hour, mean, 0.0)
        if len(self._whole) == SLOTS_PER_HOUR - 1:
            before, usual = (sum(values) for values in zip(*self._whole, strict=True))
            yield self._limit(SLOTS_PER_HOUR, hour, mean + usual, before)

    def _limit(self, slots: int, hour: int, usual: float, before: float) -> Limit:
        variance = self._spreads[slots].variance(usual, self._baseline.known(hour))
        critical = critical_count(usual, variance, self._probability)
        return Limit(slots, usual, before, max(critical, int(usual) + LEAST_EXCESS))

    def _learn(self, slot: int, count: float) -> None:
        """Learn a quarter; what is far off, as on a holiday or in a burst, only as far as is credible."""
        hour = slot // SLOTS_PER_HOUR
        mean, known = self._baseline.mean(hour), self._baseline.known(hour)
        reach = CLIP_SD * sqrt(self._spreads[1].variance(max(mean, LEAST_MEAN), known))
        credible = min(max(count, mean - reach), mean + reach)
        if known >= WEEK_KNOWN:
            self._spreads[1].learn(credible, mean)
            if len(self._whole) == SLOTS_PER_HOUR - 1:
                past, usual = (sum(values) for values in zip(*self._credible, strict=True))
                self._spreads[SLOTS_PER_HOUR].learn(past + credible, usual + mean)
        self._whole.append((count, mean))
        self._credible.append((credible, mean))
        self._baseline.learn(hour, credible if self._baseline.learned >= SILENT_SLOTS else count)

    def _hit(self, limit: Limit) -> Hit:
        learning = self._baseline.learned < LEARNING_SLOTS
        factors: dict[str, Json] = {
            "count": round(limit.before + self._count, 1),
            "usual": round(limit.usual, 1),
            "limit": limit.least,
            "minutes": limit.slots * SLOT_MIN,
            "learning": learning,
        }
        severity = Severity.INFO if learning else self.config.severity
        return Hit(Subject(self.config.name, None), severity, zone=self.config.zone, factors=factors)


def _follows(slot: int, later: int) -> bool:
    return (later - slot) % (HOURS * SLOTS_PER_HOUR) == 1
