"""The rule `unusual_for_hour`: a zone is far busier than it usually is at this hour of the week, and was lately.

What is usual is learned (`agent.rules.usual`). The last quarter, three quarters or hour are unusual when their count
has a tail probability (negative binomial) that makes the allowed number of false alarms a day. What the rule told of,
and a long silence (a covered camera, a holiday), are only learned as usual when they come again the next week.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from itertools import islice
from math import sqrt
from typing import NamedTuple

from agent.domain import Json, Severity
from agent.rule_config import UnusualForHourRule
from agent.rules.base import Hit, Subject, View
from agent.rules.continuity import rows
from agent.rules.usual import (
    HOURS,
    LEAST_MEAN,
    SHRINK_SLOTS,
    SLOT_MIN,
    SLOTS_PER_DAY,
    SLOTS_PER_HOUR,
    Level,
    Spread,
    Week,
    critical_count,
)
from agent.rules.zones import BRIDGE_S

WINDOWS = (1, 3, SLOTS_PER_HOUR)
"""How many quarters are looked at together; one alone makes it quick, three and four find the most."""
LOOKS_PER_DAY = 48
"""How many independent looks the windows of a day are as good as: they overlap, and at night nobody is there."""
WHOLE = 0.9
CLIP_SD = 3.0
LEAST_EXCESS = 3
WEEK_KNOWN = 3.5
SILENCE = 7.0
"""A silence is strange when so many people, times how much counts vary, should have come in it."""
SILENT_SLOTS, LEARNING_SLOTS = 7 * SLOTS_PER_DAY, 14 * SLOTS_PER_DAY


class Quarter(NamedTuple):
    """A quarter that was watched as a whole: what came and how much of it is credible, what the week and what the week
    with the last hours' level expect, and whether the rule told of it. `slot` counts the quarters of the week.
    """

    slot: int
    came: float
    credible: float
    usual: float
    expected: float
    told: bool

    @property
    def hour(self) -> int:
        return self.slot // SLOTS_PER_HOUR


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
        self._week = Week()
        self._level = Level()
        self._spreads = {slots: Spread() for slots in WINDOWS}
        self._probability = config.false_per_day / LOOKS_PER_DAY
        self._slot: int | None = None
        self._begun_s = self._last_s = 0.0
        self._count = 0.0
        self._inside: set[int] = set()
        self._past: deque[Quarter] = deque(maxlen=SLOTS_PER_HOUR - 1)
        self._learned: deque[Quarter] = deque(maxlen=SLOTS_PER_HOUR)
        self._silence: list[Quarter] = []
        self._doubted: set[int] = set()
        self._limits: list[Limit] = []
        self._reached = self._blind = False
        self._told: Hit | None = None

    def update(self, view: View) -> Iterator[Hit]:
        """One hit for the zone, until the end of a quarter in which no limit is reached."""
        if view.minute_of_week is None:
            return
        slot = view.minute_of_week // SLOT_MIN
        if slot != self._slot:
            self._begin(slot, view.t_s)
        self._blind |= view.senses.blind is not None
        self._measure(view)
        for limit in self._limits:
            if limit.before + self._count >= limit.least:
                self._reached, self._told = True, self._hit(limit)
        if self._told:
            yield self._told

    def snapshot(self, t_s: float) -> Json:
        """What is usual here; the quarter that runs is left out."""
        spreads: list[Json] = [[spread.ratio, spread.total] for spread in self._spreads.values()]
        level: list[Json] = [self._level.count, self._level.usual]
        doubted: list[Json] = [*sorted(self._doubted)]
        return {**self._week.snapshot(), "spreads": spreads, "level": level, "doubted": doubted}

    def restore(self, state: Json, taken_s: float, shift: int) -> None:
        """Go on from a snapshot. Raises ValueError when it is not one."""
        if not isinstance(state, Mapping):
            raise ValueError("not a snapshot of a baseline")
        spreads, level = rows(state.get("spreads"), 2), rows([state.get("level")], 2)
        doubted = state.get("doubted")
        if len(spreads) != len(self._spreads) or not isinstance(doubted, list):
            raise ValueError("not a snapshot of a baseline")
        self._week.restore(state)
        for spread, (ratio, total) in zip(self._spreads.values(), spreads, strict=True):
            spread.ratio, spread.total = ratio, total
        self._level.count, self._level.usual = level[0]
        self._doubted = {slot for slot in doubted if isinstance(slot, int)}

    def _measure(self, view: View) -> None:
        inside = {stay.track for stay in view.stays_in(self._zone)}
        if self.config.measure == "count":
            self._count += len(inside - self._inside)
        else:
            self._count += len(inside) * min(view.t_s - self._last_s, 2 * BRIDGE_S) / 60
        self._inside, self._last_s = inside, view.t_s

    def _begin(self, slot: int, t_s: float) -> None:
        """Close the quarter that has passed, learn from it when it was watched as a whole, and set the limits anew."""
        whole = t_s - self._begun_s >= WHOLE * SLOT_MIN * 60 and not self._blind
        if self._slot is not None and whole and _follows(self._slot, slot):
            self._close(self._slot)
        else:
            self._interrupt()
        self._slot, self._count, self._begun_s, self._last_s = slot, 0.0, t_s, t_s
        self._told, self._reached, self._blind = self._told if self._reached else None, False, False
        self._limits = list(self._new_limits(slot // SLOTS_PER_HOUR)) if self._week.learned >= SILENT_SLOTS else []

    def _interrupt(self) -> None:
        """What comes now does not follow what was: quarters are missing in between."""
        self._reached = False
        self._past.clear()
        self._learned.clear()
        self._silence.clear()

    def _expected(self, hour: int) -> float:
        return self._week.mean(hour) * self._level.factor(self._ratio(WINDOWS[0]))

    def _ratio(self, slots: int) -> float:
        return max(self._spreads[slots].ratio, 1.0)

    def _variance(self, expected: float, slots: int, hour: int) -> float:
        return expected * self._ratio(slots) * (1 + 1 / (self._week.known(hour) + SHRINK_SLOTS))

    def _new_limits(self, hour: int) -> Iterator[Limit]:
        now = self._expected(hour)
        for slots in WINDOWS:
            before = list(islice(self._past, slots - 1))
            if len(before) == slots - 1:
                usual = max(now + sum(quarter.expected for quarter in before), LEAST_MEAN)
                critical = critical_count(usual, self._variance(usual, slots, hour), self._probability)
                least = max(critical, int(usual) + LEAST_EXCESS)
                yield Limit(slots, usual, sum(quarter.came for quarter in before), least)

    def _close(self, slot: int) -> None:
        """Note a quarter; what is far off, as in a burst, only as far as is credible."""
        hour = slot // SLOTS_PER_HOUR
        usual, expected = self._week.mean(hour), self._expected(hour)
        reach = CLIP_SD * sqrt(self._variance(max(expected, LEAST_MEAN), WINDOWS[0], hour))
        known = self._week.learned >= SILENT_SLOTS
        credible = min(max(self._count, expected - reach), expected + reach) if known else self._count
        self._past.appendleft(Quarter(slot, self._count, credible, usual, expected, self._told is not None))
        self._silence.append(self._past[0])
        if self._count > 0 or not known or len(self._silence) >= SLOTS_PER_DAY:
            self._take_in()

    def _take_in(self) -> None:
        """Learn the quarters since somebody was here last; of what is strange only what was so the last time too."""
        silent = sum(quarter.expected for quarter in self._silence if quarter.came == 0)
        strange = silent > SILENCE * self._ratio(WINDOWS[0])
        for quarter in self._silence:
            if (quarter.told or (strange and quarter.came == 0)) and quarter.slot not in self._doubted:
                self._doubt(quarter)
            else:
                self._learn(quarter)
        self._silence.clear()

    def _doubt(self, quarter: Quarter) -> None:
        """Leave a quarter out of what is usual for once; only the level of these hours knows of a burst."""
        self._doubted.add(quarter.slot)
        self._learned.clear()
        if quarter.told:
            self._learn_level(quarter)

    def _learn(self, quarter: Quarter) -> None:
        self._doubted.discard(quarter.slot)
        self._learn_level(quarter)
        self._learned.appendleft(quarter)
        if self._week.known(quarter.hour) >= WEEK_KNOWN:
            self._learn_spreads()
        self._week.learn(quarter.hour, quarter.credible)

    def _learn_level(self, quarter: Quarter) -> None:
        if self._week.known(quarter.hour) >= WEEK_KNOWN:
            self._level.learn(quarter.credible, quarter.usual)

    def _learn_spreads(self) -> None:
        for slots, spread in self._spreads.items():
            window = list(islice(self._learned, slots))
            if len(window) == slots:
                spread.learn(sum(one.credible for one in window), sum(one.expected for one in window))

    def _hit(self, limit: Limit) -> Hit:
        learning = self._week.learned < LEARNING_SLOTS
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
