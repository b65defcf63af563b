"""Rules about how many people there are: `crowding` and `queue`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from math import exp, hypot, inf

from agent.domain import Json
from agent.rule_config import CrowdingRule, QueueRule
from agent.rules.base import Hit, View
from agent.rules.beside import Border
from agent.rules.zones import BRIDGE_S, Stay

CLEARED_BELOW = 2
STANDING_WINDOW_S = 2.0
RATE_MEMORY_S = 300.0
LEAST_SERVED = 0.3
"""What must be left of the departures remembered to tell a rate from."""


class Sustained:
    """A condition that must hold for `after_s` to begin and be gone for `BRIDGE_S` to end; short gaps do not count."""

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._since_s: float | None = None
        self._last_s = -inf
        self.on = False

    def update(self, t_s: float, *, begins: bool, lasts: bool) -> bool:
        """Whether it is so at `t_s`; `begins` is the condition to begin, `lasts` the weaker one to go on."""
        if begins or (self.on and lasts):
            self._last_s = t_s
            if self._since_s is None:
                self._since_s = t_s
        elif t_s - self._last_s > BRIDGE_S:
            self._since_s, self.on = None, False
        if begins and self.lasted_s(t_s) >= self._after_s:
            self.on = True
        return self.on

    def lasted_s(self, t_s: float) -> float:
        """For how long it has been so; 0 when it is not."""
        return 0.0 if self._since_s is None else t_s - self._since_s


class Crowding:
    """Too many people are in a zone, its border included, or in the picture, for long enough; over when two fewer than
    that are left.
    """

    def __init__(self, config: CrowdingRule, border: Border | None) -> None:
        self.config = config
        self._border = border
        self._crowded = Sustained(config.after_s)
        self._seen_s: dict[int, float] = {}

    def update(self, view: View) -> Iterator[Hit]:
        """One hit for the place."""
        count, most = self._count(view), self.config.max_people
        if self._crowded.update(view.t_s, begins=count >= most, lasts=count > most - CLEARED_BELOW):
            lasted_s = round(self._crowded.lasted_s(view.t_s), 1)
            factors: dict[str, Json] = {"people": count, "max_people": most, "lasted_s": lasted_s}
            yield Hit.about(self.config, None, zone=self.config.zone, factors=factors)

    def _count(self, view: View) -> int:
        if self._border:
            return present(self._border.update(view), view.t_s)
        self._seen_s.update(dict.fromkeys(view.people, view.t_s))
        self._seen_s = {track: t_s for track, t_s in self._seen_s.items() if view.t_s - t_s <= BRIDGE_S}
        return len(self._seen_s)


def present(stays: Sequence[Stay], t_s: float) -> int:
    """How many people are in a zone: those seen lately, and of those hidden there at most half as many."""
    seen = sum(t_s - stay.seen_s <= BRIDGE_S for stay in stays)
    return seen + min(len(stays) - seen, seen // 2)


class Throughput:
    """How fast a queue is served while there is one: departures a second, with an exponential memory of minutes."""

    def __init__(self) -> None:
        self._busy_s = 0.0
        self._served = 0.0
        self._last_s: float | None = None

    def update(self, t_s: float, served: int, *, busy: bool) -> None:
        """Take one frame: how many have left the queue, and whether anybody waits."""
        span_s = 0.0 if self._last_s is None else t_s - self._last_s
        faded = exp(-span_s / RATE_MEMORY_S)
        self._busy_s = self._busy_s * faded + (span_s if busy else 0.0)
        self._served = self._served * faded + served
        self._last_s = t_s

    @property
    def per_s(self) -> float:
        """Departures a second; 0 while hardly any is remembered."""
        return self._served / self._busy_s if self._served >= LEAST_SERVED else 0.0


class Queue:
    """A queue is long, or takes long. Who has stood in the zone belongs to it until they leave the zone."""

    def __init__(self, config: QueueRule, border: Border) -> None:
        self.config = config
        self._border = border
        self._waiting: set[int] = set()
        self._throughput = Throughput()
        self._long = Sustained(config.after_s)

    def update(self, view: View) -> Iterator[Hit]:
        """One hit for the zone."""
        dwells = {stay.track: stay.dwell_s for stay in self._border.update(view)}
        left = self._waiting - dwells.keys()
        self._throughput.update(view.t_s, len(left), busy=bool(self._waiting))
        self._waiting = (self._waiting - left) | set(self._joined(view, dwells))
        length = len(self._waiting)
        wait_s = self._wait_s([dwells[track] for track in self._waiting])
        long, slow = self._exceeds(length, wait_s, 0, 1.0), self._exceeds(length, wait_s, CLEARED_BELOW - 1, 0.8)
        if self._long.update(view.t_s, begins=long, lasts=slow):
            factors: dict[str, Json] = {"length": length, "wait_s": round(wait_s)}
            yield Hit.about(self.config, None, zone=self.config.zone, factors=factors)

    def _joined(self, view: View, there: Collection[int]) -> Iterator[int]:
        """Those in the zone who stand by now: by the way of their feet, or where those are hidden, by their box."""
        for track in there:
            if track not in self._waiting:
                trail, person = view.trails.get(track), view.people.get(track)
                course = trail.velocity(STANDING_WINDOW_S) if trail else None
                hidden = person is not None and person.still and not person.foot_seen
                if hidden or (course and hypot(*course) < self.config.max_speed):
                    yield track

    def _wait_s(self, dwells_s: list[float]) -> float:
        """What somebody who joins now may expect; while nobody has been served, as long as one has waited already."""
        if not dwells_s:
            return 0.0
        rate = self._throughput.per_s
        return len(dwells_s) / rate if rate else max(dwells_s)

    def _exceeds(self, length: int, wait_s: float, fewer: int, share: float) -> bool:
        return length >= self.config.max_length - fewer or wait_s >= self.config.max_wait_s * share
