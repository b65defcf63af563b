"""The rule `fall`: somebody went down fast and stays lying, or went down slowly and stays lying for longer."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import log
from statistics import median
from typing import NamedTuple

from agent.domain import Joint, Json
from agent.rule_config import FallRule
from agent.rules.base import Held, Hit, View
from agent.rules.poses import TORSO_OF_HEIGHT, Body, body_of, middle, tilt_deg

KEEP_S = 2.5
"""For so long the way down is remembered."""
LEAST_SPAN_S, MOST_SPAN_S = 0.25, 1.1
"""A speed is taken over a stretch of time that is neither jitter nor history."""
UNSEEN_S = 1.0
"""A way down that was not seen is taken to have lasted no longer than this."""
DOWN_S = 2.0
"""Who lies so soon after the hips moved fast has come down with that movement."""
MISS_S = 3.0
"""Lying goes on over so long a time without a pose, or with poses that look upright."""
UP_SHARE = 0.85
"""Who lies is up again below this share of the angle that is lying: seen from above, bodies look less level."""
UPRIGHT_DEG = 35.0
SHRINK_PER_S = 0.05
STANDING_LEAST = 0.7
ARC_H = 0.83
"""From standing to lying the hips go a quarter of a circle about the feet: 0.53 h times pi / 2."""
UPRIGHT_EXTENT = 0.85
SAME_FOOT = 0.5
"""Feet no further apart than this share of the body's length are in the same place."""
STOOD_S, STOOD_LEAST, STOOD_RANK = 20.0, 3, 0.75
"""How long somebody is in standing is told by so many poses there; a few with a joint gone astray are longer."""
FLAT, OF_RISE, OF_EXTENT, OF_WIDTH = 7.9, -3.2, -6.1, 6.7
"""Log-odds of lying: from how far torso and body still rise in the picture, against standing there, and ln(width /
height) of the body. They tell who lies along the line of sight, whose torso looks upright, from who crouches there
(logistic regression on the poses of 60 simulated days, moved by 3.1: crouches are many, falls few)."""
FLESH = 0.11
"""A body reaches so far past its joints on both sides together, in lengths from head to feet."""
TORSO_SEEN = 0.35
"""A torso seen shorter than that share of its length says nothing about its angle."""
UP_POSES = 2
"""So many poses in a row of somebody plainly standing end it."""
SETTLE = 5
"""So many tilts are judged together, so that one bad pose does not count."""
SAME_PLACE_H, SAME_S = 1.0, 6.0
"""Who appears lying so near to where somebody upright was lost lately is that person: a fall may break a track."""


class _Stood(NamedTuple):
    """A body that stood: when and where its feet were, from head to feet and from hips to shoulders, frame heights."""

    t_s: float
    feet: complex
    length: float
    torso: float


class _Lying(NamedTuple):
    """Somebody is down: since when and until when seen so, and how fast the hips came down."""

    from_s: float
    seen_s: float
    speed: float


@dataclass(slots=True)
class _Person:
    """What is remembered of one person: their height standing, the latest bodies, the way down and the lying."""

    height: float
    bodies: deque[Body] = field(default_factory=deque)
    stood: deque[_Stood] = field(default_factory=deque)
    tilts: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=SETTLE))
    fastest: deque[tuple[float, float]] = field(default_factory=deque)
    lying: _Lying | None = None
    up: int = 0

    @property
    def tilt(self) -> float:
        """The torso's angle over the latest poses, degrees."""
        return median(tilt for _, tilt in self.tilts)

    def take(self, body: Body, height: float) -> None:
        """Add a pose. Who has fallen is not smaller for it, nor as tall as their box is wide."""
        span_s = body.t_s - self.bodies[-1].t_s if self.bodies else 0.0
        standing = height if _upright(body) else 0.0
        self.height = max(standing, self.height * (1.0 - min(SHRINK_PER_S * span_s, 0.5)), _least_height(body))
        self.bodies.append(body)
        self.fastest.append((body.t_s, self._speed()))
        self._stand(body)
        while body.t_s - self.bodies[0].t_s > KEEP_S:
            self.bodies.popleft()
            self.fastest.popleft()

    def _stand(self, body: Body) -> None:
        """Note it when somebody stands, as long as they did before at that place: who crouches there is shorter."""
        length, feet, torso, here = _length(body), body.feet, body.torso, self._stood_at(body)
        tall = length is not None and length >= UPRIGHT_EXTENT * (here.length if here else self.height)
        self.up = self.up + 1 if tall and _upright(body) else 0
        if self.up >= UP_POSES:
            self.lying = None
        if length and feet is not None and torso is not None and _upright(body) and (tall or here is None):
            self.stood.append(_Stood(body.t_s, feet, length, torso.length))
        while self.stood and body.t_s - self.stood[0].t_s > STOOD_S:
            self.stood.popleft()

    def _stood_at(self, body: Body) -> _Stood | None:
        """How this person stood where their feet are now (anywhere, where these are hidden), and when last."""
        feet = body.feet
        near = [one for one in self.stood if feet is None or abs(one.feet - feet) <= SAME_FOOT * one.length]
        if len(near) < STOOD_LEAST:
            return None
        rank = int(STOOD_RANK * (len(near) - 1))
        length, torso = sorted(one.length for one in near)[rank], sorted(one.torso for one in near)[rank]
        return near[-1]._replace(length=length, torso=torso)

    def tilt_deg(self, body: Body) -> float | None:
        """The torso's angle off vertical, 90 where the body has the shape of a lying one; None: not told."""
        here = self._stood_at(body)
        if here is not None and _lies(body, here):
            return 90.0
        return _tilt_deg(body, self.height)

    def _speed(self) -> float:
        """How fast the hips have just moved towards or away from the feet, body heights a second."""
        now, best = self.bodies[-1], 0.0
        for number, body in enumerate(self.bodies):
            span_s = now.t_s - body.t_s
            unseen = number == len(self.bodies) - 2 and span_s > MOST_SPAN_S
            if LEAST_SPAN_S <= span_s <= MOST_SPAN_S or unseen:
                best = max(best, _moved(body, now) / min(span_s, UNSEEN_S) / self.height)
        return best

    def _way_down(self, t_s: float) -> float:
        """The speed of the hips on the way down: as seen, or from how long it took from standing to lying."""
        seen = max((speed for at_s, speed in self.fastest if t_s - at_s <= DOWN_S), default=0.0)
        here = self._stood_at(self.bodies[-1])
        return seen if here is None else max(seen, ARC_H / max(t_s - here.t_s, LEAST_SPAN_S))

    def judge(self, tilt: float, t_s: float, config: FallRule) -> float:
        """Take the torso's angle in; seconds of lying, 0 while that is not so."""
        self.tilts.append((t_s, tilt))
        if self.tilt < config.min_tilt_deg * (1.0 if self.lying is None else UP_SHARE):
            if self.lying is not None and t_s - self.lying.seen_s > MISS_S:
                self.lying = None
            return 0.0
        if self.lying is None:
            from_s = self.tilts[len(self.tilts) // 2][0]
            self.lying = _Lying(from_s, t_s, self._way_down(from_s))
        self.lying = self.lying._replace(seen_s=t_s)
        return t_s - self.lying.from_s


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
            if number in view.people:
                self._look(view, number, body_of(pose, view.aspect))
        self._people = {k: p for k, p in self._people.items() if view.t_s - p.bodies[-1].t_s <= SAME_S}
        for number, factors in self._found:
            yield Hit.about(self.config, number, zone=self.config.zone, factors=factors)

    def _look(self, view: View, number: int, body: Body) -> None:
        person = self._people.get(number)
        if person is None:
            person = self._people[number] = self._known(view, body) or _Person(view.people[number].height)
        person.take(body, view.people[number].height)
        tilt = person.tilt_deg(body)
        if tilt is None:
            return
        lying_s = person.judge(tilt, body.t_s, self.config)
        inside = self._zone is None or (number, self._zone) in view.stays
        if inside and person.lying is not None and lying_s >= self._least_s(person.lying):
            self._found.note(number, body.t_s, self._factors(person.tilt, lying_s, person.lying.speed))

    def _least_s(self, lying: _Lying) -> float:
        """For so long one who came down like this must lie."""
        return self.config.after_s if lying.speed >= self.config.min_hip_speed else self.config.slow_after_s

    def _factors(self, tilt: float, lying_s: float, speed: float) -> dict[str, Json]:
        """What was measured; who came down slowly is judged by the lying alone."""
        if speed >= self.config.min_hip_speed:
            return {"lying_s": round(lying_s, 1), "tilt_deg": round(tilt), "hip_speed_h_s": round(speed, 2)}
        return {"slow_lying_s": round(lying_s, 1), "tilt_deg": round(tilt)}

    def _known(self, view: View, body: Body) -> _Person | None:
        """Somebody whose track was lost here, when this body is not upright at its first sight."""
        if body.hips is None or _upright(body):
            return None
        lost = [number for number in self._people if number not in view.people]
        near = [(gap, number) for number in lost if (gap := self._gap(number, body.hips)) <= SAME_PLACE_H]
        return self._people.pop(min(near)[1]) if near else None

    def _gap(self, number: int, hips: complex) -> float:
        """From where a person's hips were last seen, body heights."""
        person = self._people[number]
        last = next((body.hips for body in reversed(person.bodies) if body.hips is not None), None)
        return SAME_PLACE_H * 2 if last is None else abs(hips - last) / person.height


def _least_height(body: Body) -> float:
    """The least body height that a torso of this length can belong to, frame heights."""
    torso = body.torso
    return 0.0 if torso is None else STANDING_LEAST * torso.length / TORSO_OF_HEIGHT


def _moved(before: Body, now: Body) -> float:
    """How far the hips have come relative to the feet (down in the picture where these are not seen), frame heights."""
    if before.hips is None or now.hips is None:
        return 0.0
    way = now.hips - before.hips
    if before.feet is None or now.feet is None:
        return max(way.imag, 0.0)
    return abs(way - (now.feet - before.feet))


def _upright(body: Body) -> bool:
    torso = body.torso
    return torso is not None and torso.tilt_deg <= UPRIGHT_DEG


def _length(body: Body) -> float | None:
    """From the head to the feet, frame heights."""
    feet, head = body.feet, body.head()
    return None if feet is None or head is None else abs(head - feet)


def _tilt_deg(body: Body, height: float) -> float | None:
    """The torso's angle off vertical; None where it is not seen, or too short to tell.

    Where an end of the torso is hidden it is that of the way from the knees, or to the head.
    """
    hips, knees, shoulders = body.hips, _middle(body, Joint.L_KNEE), _middle(body, Joint.L_SHOULDER)
    low = hips if hips is not None else knees
    high = shoulders if shoulders is not None else body.head()
    if low is None or high is None or abs(high - low) < TORSO_SEEN * TORSO_OF_HEIGHT * height:
        return None
    return tilt_deg(low, high)


def _lies(body: Body, stood: _Stood) -> bool:
    """Whether somebody who stood so lies by the shape they have now; what is hidden is as the rest."""
    torso, head, feet = body.torso, body.head(), body.feet
    rise = None if torso is None else (torso.hips - torso.shoulders).imag / stood.torso
    extent = None if head is None or feet is None else (feet - head).imag / stood.length
    first = rise if rise is not None else extent
    if first is None:
        return False
    second = extent if extent is not None else first
    width = log(_shape(body, FLESH * stood.length))
    return FLAT + OF_RISE * first + OF_EXTENT * second + OF_WIDTH * width >= 0.0


def _shape(body: Body, flesh: float) -> float:
    """The body's width over its height: its joints and the flesh about them. Boxes are mended where legs are missed."""
    seen = [point for point in body.points if point is not None]
    across, down = [point.real for point in seen], [point.imag for point in seen]
    return (max(across) - min(across) + flesh) / (max(down) - min(down) + flesh)


def _middle(body: Body, left: Joint) -> complex | None:
    return middle(body.points[left], body.points[left + 1])
