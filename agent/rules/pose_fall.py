"""The rule `fall`: somebody went down fast and stays lying."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median

from agent.domain import Json, Track
from agent.rule_config import FallRule
from agent.rules.base import Held, Hit, View
from agent.rules.poses import TORSO_OF_HEIGHT, Body, body_of

KEEP_S = 2.5
"""For so long before somebody lies, the way down is remembered."""
SPANS_S = (0.25, 1.1)
"""A speed is taken over a stretch of time that is neither jitter nor history."""
DOWN_S = 2.0
"""Who lies so soon after hips moved fast has come down with that movement."""
MISS_S = 2.5
"""Lying goes on over so long a time without a pose, or with one that looks upright."""
SHRINK_PER_S = 0.05
STANDING_LEAST = 0.7
LAID_OUT, LEGS_LONG = 0.62, 1.15
"""Along the line of sight a lying body is shorter than that share of its height, though its legs are straight."""
SETTLE = 3
"""So many tilts are judged together, so that one bad pose does not count."""


@dataclass(slots=True)
class _Person:
    """What is remembered of one person: their height standing, the latest bodies, the way down and the lying."""

    height: float
    bodies: deque[Body] = field(default_factory=deque)
    tilts: deque[float] = field(default_factory=lambda: deque(maxlen=SETTLE))
    fastest: deque[tuple[float, float]] = field(default_factory=deque)
    lying_from_s: float | None = None
    lying_seen_s: float = 0.0
    down_speed: float = 0.0

    def speed(self) -> float:
        """How fast the hips have moved towards or away from the feet just now, body heights a second."""
        now = self.bodies[-1]
        best = 0.0
        for body in self.bodies:
            span_s = now.t_s - body.t_s
            if SPANS_S[0] <= span_s <= SPANS_S[1]:
                best = max(best, _moved(body, now) / span_s / self.height)
        return best


class Fall:
    """Watches every pose of everybody; once somebody lies long enough it lasts until they are up again."""

    def __init__(self, config: FallRule, zone: int | None) -> None:
        self.config = config
        self._zone = zone
        self._people: dict[int, _Person] = {}
        self._found: Held[dict[str, Json]] = Held(config.hold_s)

    def update(self, view: View) -> Iterator[Hit]:
        """One hit for each person who lies after a fall."""
        self._found.forget(view.t_s)
        for number, pose in (view.senses.pose or {}).items():
            track = view.people.get(number)
            if track is not None:
                self._look(track, body_of(pose, view.aspect), inside=self._inside(view, number))
        self._people = {k: p for k, p in self._people.items() if view.t_s - p.bodies[-1].t_s <= MISS_S}
        for number, factors in self._found:
            yield Hit.about(self.config, number, zone=self.config.zone, factors=factors)

    def _inside(self, view: View, number: int) -> bool:
        return self._zone is None or (number, self._zone) in view.stays

    def _look(self, track: Track, body: Body, *, inside: bool) -> None:
        person = self._people.setdefault(track.id, _Person(track.height))
        self._remember(person, body, track.height)
        tilt = _tilt_deg(body, person.height)
        if tilt is None:
            return
        person.tilts.append(tilt)
        lies = median(person.tilts) >= self.config.min_tilt_deg
        if lies:
            self._lie(person, body.t_s)
        elif body.t_s - person.lying_seen_s > MISS_S:
            person.lying_from_s = None
        if lies and inside and person.lying_from_s is not None:
            lying_s = body.t_s - person.lying_from_s
            if lying_s >= self.config.after_s:
                self._found.note(track.id, body.t_s, self._factors(person, lying_s))

    def _lie(self, person: _Person, t_s: float) -> None:
        if person.lying_from_s is None:
            person.down_speed = max((speed for at_s, speed in person.fastest if t_s - at_s <= DOWN_S), default=0.0)
            if person.down_speed < self.config.min_hip_speed:
                return
            person.lying_from_s = t_s
        person.lying_seen_s = t_s

    def _remember(self, person: _Person, body: Body, height: float) -> None:
        """Take a pose in; who has fallen is not smaller for it, so a height shrinks only slowly."""
        span_s = body.t_s - person.bodies[-1].t_s if person.bodies else 0.0
        person.height = max(height, person.height * (1.0 - min(SHRINK_PER_S * span_s, 0.5)), _from_torso(body))
        person.bodies.append(body)
        person.fastest.append((body.t_s, person.speed()))
        while body.t_s - person.bodies[0].t_s > KEEP_S:
            person.bodies.popleft()
            person.fastest.popleft()

    def _factors(self, person: _Person, lying_s: float) -> dict[str, Json]:
        return {
            "hip_speed_h_s": round(person.down_speed, 2),
            "tilt_deg": round(median(person.tilts)),
            "lying_s": round(lying_s, 1),
        }


def _from_torso(body: Body) -> float:
    """The least body height that a torso of this length can belong to, frame heights."""
    torso = body.torso
    return 0.0 if torso is None else STANDING_LEAST * torso.length / TORSO_OF_HEIGHT


def _moved(before: Body, now: Body) -> float:
    """How far the hips have come relative to the feet (in the picture where these are not seen), frame heights."""
    if before.hips is None or now.hips is None:
        return 0.0
    way = now.hips - before.hips
    if before.feet is None or now.feet is None:
        return max(way.imag, 0.0)
    return abs(way - (now.feet - before.feet))


def _tilt_deg(body: Body, height: float) -> float | None:
    """The torso's angle off vertical; 90 too where the body lies along the line of sight. None without a torso."""
    torso, feet = body.torso, body.feet
    if torso is None:
        return None
    tilt = torso.tilt_deg
    head = body.head()
    if feet is not None and head is not None and torso.length > 0.0:
        legs_long = abs(torso.hips - feet) >= LEGS_LONG * torso.length
        if legs_long and abs(head - feet) <= LAID_OUT * height:
            return max(tilt, 90.0)
    return tilt
