"""The rule `fall`: somebody went down fast and stays lying."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median

from agent.domain import Joint, Json
from agent.rule_config import FallRule
from agent.rules.base import Held, Hit, View
from agent.rules.poses import TORSO_OF_HEIGHT, Body, angle_deg, body_of, middle, tilt_deg

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
UP_SHARE = 0.6
"""Who lies is up again below this share of the angle that is lying: seen from above, bodies look less level."""
UPRIGHT_DEG = 35.0
SHRINK_PER_S = 0.05
STANDING_LEAST = 0.7
ARC_H = 0.83
"""From standing to lying the hips go a quarter of a circle about the feet: 0.53 h times pi / 2."""
UPRIGHT_EXTENT = 0.85
SAME_FOOT = 0.5
"""Feet no further apart than this share of the body's length are in the same place."""
LAID_OUT = 0.75
"""Along the line of sight a lying body is shorter than that share of its length standing there, but not its legs ..."""
STRAIGHT_LEG_DEG, THIGH_TO_SHANK, LEG_LEAST = 110.0, (0.4, 2.5), 0.18
"""... which shows in the knee, in thigh and shank being alike, and in hips being away from the feet (heights)."""
FLAT = 0.44
"""... or it is so short that no crouch explains it."""
TORSO_SEEN = 0.35
"""A torso seen shorter than that share of its length says nothing about its angle."""
UP_POSES = 2
"""So many poses in a row of somebody plainly standing end it."""
SETTLE = 3
"""So many tilts are judged together, so that one bad pose does not count."""
SAME_PLACE_H, SAME_S = 1.0, 6.0
"""Who appears lying so near to where somebody upright was lost lately is that person: a fall may break a track."""


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
    standing: Body | None = None
    up: int = 0

    def take(self, body: Body, height: float) -> None:
        """Add a pose. Who has fallen is not smaller for it, nor as tall as their box is wide."""
        span_s = body.t_s - self.bodies[-1].t_s if self.bodies else 0.0
        standing = height if _upright(body) else 0.0
        self.height = max(standing, self.height * (1.0 - min(SHRINK_PER_S * span_s, 0.5)), _least_height(body))
        self.bodies.append(body)
        self.fastest.append((body.t_s, self._speed()))
        self.up = self.up + 1 if self._stands(body) else 0
        if self.up >= UP_POSES:
            self.lying_from_s = None
        if self.lying_from_s is None:
            self.standing = self._standing(body)
        while body.t_s - self.bodies[0].t_s > KEEP_S + SAME_S:
            self.bodies.popleft()
            self.fastest.popleft()

    def _stands(self, body: Body) -> bool:
        """Whether somebody is upright and as long as they stood before."""
        length, stood = _length(body), None if self.standing is None else _length(self.standing)
        return _upright(body) and length is not None and length >= UPRIGHT_EXTENT * (stood or self.height)

    def _standing(self, now: Body) -> Body | None:
        """The last time that this person plainly stood where their feet are now, of the last seconds."""
        feet = now.feet
        if feet is None:
            return None
        near = [
            (length, body)
            for body in self.bodies
            if now.t_s - body.t_s <= KEEP_S
            and (length := _length(body)) is not None
            and body.feet is not None
            and abs(body.feet - feet) <= SAME_FOOT * length
            and _upright(body)
        ]
        longest = max((length for length, _ in near), default=0.0)
        return next((body for length, body in reversed(near) if length >= UPRIGHT_EXTENT * longest), None)

    def tilt_deg(self, body: Body) -> float | None:
        """The torso's angle off vertical, 90 where the body lies along the line of sight; None where none is told."""
        if self.standing is not None and _laid_out(body, self.standing):
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
        return seen if self.standing is None else max(seen, ARC_H / max(t_s - self.standing.t_s, LEAST_SPAN_S))

    def judge(self, tilt: float, t_s: float, config: FallRule) -> float:
        """Take the torso's angle in; seconds of lying after a fall, 0 while that is not so."""
        self.tilts.append(tilt)
        level = config.min_tilt_deg * (1.0 if self.lying_from_s is None else UP_SHARE)
        if median(self.tilts) < level:
            if t_s - self.lying_seen_s > MISS_S:
                self.lying_from_s = None
            return 0.0
        if self.lying_from_s is None:
            self.down_speed = self._way_down(t_s)
            if self.down_speed < config.min_hip_speed:
                return 0.0
            self.lying_from_s = t_s
        self.lying_seen_s = t_s
        return t_s - self.lying_from_s


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
        if inside and lying_s >= self.config.after_s:
            self._found.note(number, body.t_s, _factors(person, lying_s))

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


def _factors(person: _Person, lying_s: float) -> dict[str, Json]:
    return {
        "hip_speed_h_s": round(person.down_speed, 2),
        "tilt_deg": round(median(person.tilts)),
        "lying_s": round(lying_s, 1),
    }


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


def _laid_out(body: Body, standing: Body) -> bool:
    """Whether the body lies in the direction of the look: much shorter than it stood there.

    Its legs tell it from a crouch: they are not folded.
    """
    length, stood = _length(body), _length(standing)
    if length is None or stood is None or body.feet is None or standing.feet is None:
        return False
    if abs(body.feet - standing.feet) > SAME_FOOT * stood:
        return False
    if length <= FLAT * stood:
        return True
    return length <= LAID_OUT * stood and _legs_straight(body, stood)


def _legs_straight(body: Body, stood: float) -> bool:
    hips, knees, feet = body.hips, _middle(body, Joint.L_KNEE), body.feet
    if hips is None or knees is None or feet is None:
        return False
    thigh, shank = abs(knees - hips), abs(feet - knees)
    alike = THIGH_TO_SHANK[0] * shank <= thigh <= THIGH_TO_SHANK[1] * shank
    straight = angle_deg(hips - knees, feet - knees) >= STRAIGHT_LEG_DEG
    return alike and straight and abs(hips - feet) >= LEG_LEAST * stood


def _middle(body: Body, left: Joint) -> complex | None:
    return middle(body.points[left], body.points[left + 1])
