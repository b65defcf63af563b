"""Rules about how people move: `running` and `wrong_way`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import hypot

from agent.domain import Json
from agent.rule_config import RunningRule, WrongWayRule
from agent.rules.base import Held, Hit, View
from agent.rules.ground import Ground
from agent.rules.trails import EDGE, Step, Trail, apparent_velocity, cut_to, is_of_one_size, pace, tail

SHOWN_SHARE = 0.9
"""What a second of steadied boxes shows of a speed: corners and the first step are in it."""
STILL_RUNNING = 0.7
NEAR_SHARE = 0.75
"""A rough speed below this share of the limit is looked at no closer."""
HEAD_SHARE, BOTH_SHARE = 0.9, 1.05
"""A head that is seen goes at this share of the limit at least, feet and head together at that on average: where the
floor is known a little wrong, it is the feet of walkers far away that seem fast."""
MOST_JUMPY, LEAST_JUMPY, MOST_JUMPY_COARSE = 0.3, 0.1, 0.15
"""Feet that go behind a shelf, boxes that grow where somebody comes in, and one box for two people jump, a runner goes
on and on. The nearer the limit a speed is, the evener its way must be, from LEAST_JUMPY on. Where feet were hidden
lately their places are coarse, as are those of somebody who was lost: the way must be even, how tall a box is tells
nothing."""
OWN_S, LED_STEPS = 0.4, 3
"""Who goes on from where somebody was lost must have run for so long themselves; of both so many steps are known."""
COURSE_S = 1.0
STANDING_SPEED = 0.15
STANDING_S = 2.0


class Running:
    """A person runs; the condition holds until `hold_s` after they were last seen running."""

    def __init__(self, config: RunningRule, zone: int | None) -> None:
        self.config = config
        self._zone = zone
        self._slow = config.min_speed * STILL_RUNNING * NEAR_SHARE
        self._running: Held[float] = Held(config.hold_s)

    def update(self, view: View) -> Iterator[Hit]:
        """One hit for each person who runs."""
        self._running.forget(view.t_s)
        for track, trail in view.walking(self._zone):
            course = trail.velocity(self.config.over_s)
            if course and hypot(*course) < self._slow:
                continue
            speed = self._speed(trail, course, view.ground, going=track in self._running)
            if speed:
                self._running.note(track, view.t_s, speed / SHOWN_SHARE)
        for track, speed in self._running:
            factors: dict[str, Json] = {"speed_h_s": round(speed, 2), "min_speed": self.config.min_speed}
            yield Hit.about(self.config, track, zone=self.config.zone, factors=factors)

    def _speed(self, trail: Trail, course: tuple[float, float] | None, ground: Ground, *, going: bool) -> float:
        """The speed in h/s if that is running, else 0; `course` is the rough velocity."""
        since_s = trail.steps[-1].t_s - self.config.over_s
        limit = self.config.min_speed * (STILL_RUNNING if going else SHOWN_SHARE)
        if trail.cut_s > since_s or (course and hypot(*course) < limit * NEAR_SHARE):
            return 0.0
        over_s = self.config.over_s
        parts = [cut_to(trail.tail(over_s), over_s)] if course else self._led(trail)
        if course and trail.guessed_s <= since_s:
            return _speed_of_feet(parts[0], limit, ground)
        return min((_coarse_speed(steps, limit, ground) for steps in parts), default=0.0)

    def _led(self, trail: Trail) -> list[Sequence[Step]]:
        """What must be running of somebody seen for less than `over_s` who may have run on from where a track was lost:
        all steps that cover it, and their own.
        """
        own = trail.steps
        if min(len(trail.before), len(own)) < LED_STEPS or own[-1].t_s - own[0].t_s < OWN_S:
            return []
        over_s = self.config.over_s
        return [cut_to(tail([*trail.before, *own], over_s), over_s), own]


def _speed_of_feet(steps: Sequence[Step], limit: float, ground: Ground) -> float:
    """The speed in h/s if it reaches the limit, is that of going rather than of jumping, and the head comes along."""
    speed, jumpy = pace(steps)
    if speed < limit or jumpy >= min(MOST_JUMPY, LEAST_JUMPY + speed / limit - 1) or not is_of_one_size(steps):
        return 0.0
    head = by_head(steps, ground)
    return speed if not head or _comes_along(pace(head)[0], speed, limit) else 0.0


def _comes_along(head: float, feet: float, limit: float) -> bool:
    return head >= limit * HEAD_SHARE and (head + feet) / 2 >= limit * BOTH_SHARE


def _coarse_speed(steps: Sequence[Step], limit: float, ground: Ground) -> float:
    """The same where feet were hidden or somebody was lost: by the feet or by the head."""
    for places in (steps, by_head(steps, ground)):
        if places:
            speed, jumpy = pace(places)
            if speed >= limit and jumpy < MOST_JUMPY_COARSE:
                return speed
    return 0.0


def by_head(steps: Sequence[Step], ground: Ground, stature: float = 1.0) -> list[Step]:
    """The steps where the head of a person of this height (over a grown one's) tells that they are, whatever hides the
    feet; none where it cannot.
    """
    places = []
    for step in steps:
        foot_y = ground.foot_below(step.head_y, stature) if step.head_y > EDGE else None
        place = None if foot_y is None else ground.place(step.head_x, foot_y)
        if place is None:
            return []
        places.append(Step(step.t_s, place[0], -place[1], 0.0, 0.0))
    return places


@dataclass(slots=True)
class _Against:
    """Since when and from where a person has gone against the way, and when they last moved."""

    start: Step
    moved_s: float


class WrongWay:
    """A person walks against the allowed direction; holds until `hold_s` after they were last seen doing so."""

    def __init__(self, config: WrongWayRule, zone: int | None, way: tuple[float, float]) -> None:
        self.config = config
        self._zone = zone
        self._way = (way[0] / hypot(*way), way[1] / hypot(*way))
        self._against: dict[int, _Against] = {}
        self._found: Held[tuple[float, float]] = Held(config.hold_s)

    def update(self, view: View) -> Iterator[Hit]:
        """One hit for each person who goes the wrong way."""
        self._found.forget(view.t_s)
        for track, trail in view.walking(self._zone):
            moved_h = self._follow(track, trail)
            if moved_h >= self.config.min_moved_h and (lasted_s := self._lasted_s(track, trail)) >= self.config.after_s:
                self._found.note(track, view.t_s, (moved_h, lasted_s))
        self._against = {t: way for t, way in self._against.items() if view.t_s - way.moved_s <= STANDING_S}
        for track, (moved_h, lasted_s) in self._found:
            factors: dict[str, Json] = {"moved_h": round(moved_h, 2), "lasted_s": round(lasted_s, 1)}
            yield Hit.about(self.config, track, zone=self.config.zone, line=self.config.line, factors=factors)

    def _follow(self, track: int, trail: Trail) -> float:
        """Body heights gone against the way so far, as they look. Standing interrupts nothing, another course does."""
        steps = trail.tail(COURSE_S)
        if not steps:
            return 0.0
        x, y = apparent_velocity(steps)
        if (speed := hypot(x, y)) < STANDING_SPEED:
            return 0.0
        if x * self._way[0] + y * self._way[1] >= self.config.max_cosine * speed:
            self._against.pop(track, None)
            return 0.0
        now, against = trail.steps[-1], self._against.get(track)
        if against is None or against.start.t_s < trail.since_s:
            against = self._against[track] = _Against(steps[0], now.t_s)
        against.moved_s = now.t_s
        return (against.start.u - now.u) * self._way[0] + (against.start.v - now.v) * self._way[1]

    def _lasted_s(self, track: int, trail: Trail) -> float:
        return trail.steps[-1].t_s - self._against[track].start.t_s


def _length(a: Step, b: Step) -> float:
    return hypot(b.x - a.x, b.y - a.y)
