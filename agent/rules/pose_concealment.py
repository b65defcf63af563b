"""The rule `concealment`: a hand reaches into a shelf and soon after stays at a pocket, a bag or under the clothes.

It speaks a few seconds after the moment it speaks of: what the hand does next tells most.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple

from agent.domain import Json, Point
from agent.rule_config import ConcealmentRule
from agent.rules.base import Held, Hit, View
from agent.rules.changes import Changes
from agent.rules.pose_hands import HandState
from agent.rules.pose_memory import DELAY_S
from agent.rules.pose_memory import FORGET_S as FORGET_LOOKS_S
from agent.rules.pose_reach import Fronts
from agent.rules.pose_score import ConcealmentScore
from agent.rules.poses import LEFT, RIGHT, Body, body_of

AT_BODY = 0.5
NEAR_TORSOS = 0.5
"""A hand off the body and so near to a shelf's front counts as in it: what is seen of an arm is off by much."""
FRAMES_PER_S, LONGEST_S = 15.0, 0.3
"""A pose stands for the time since the one before it, told in frames of a camera at this rate."""
AROUND_S = 1.0
"""How exactly the moment that is judged and the hand's stay at the body must agree."""
FORGET_S = 10.0
PUT_BACK_S = (1.0, 12.0)
"""A second reach of the same hand so long after the first may have put the thing back."""
SAME_TORSOS, SAME_TORSOS_S, SAME_TORSOS_MOST = 1.0, 2.5, 4.0
"""Whose track begins within so many torso lengths of where another was lost, more for every second since, goes on as
that one, at most so far off."""
LOSS_REACH, LOSS_S = 0.12, 12.0
"""A loss belongs to a reach when it is so near (frame heights) and so recent."""


class _Went(NamedTuple):
    """A hand was at the body for long enough after a reach that was long enough: when, how long each, and where."""

    t_s: float
    reach_frames: int
    body_frames: int
    at: Point
    shelf: int
    twice: bool
    """Whether it may have put back what it had."""


@dataclass(slots=True)
class _Hand:
    """One hand's way: the latest reach into a shelf, the one before, and how long it has been at the body since."""

    frames: float = 0.0
    from_s: float | None = None
    reached_s: float | None = None
    inside_s: float | None = None
    """When it was last seen within a front, not only near it."""
    before_s: float | None = None
    at: Point | None = None
    shelf: int = 0
    body_frames: float = 0.0
    went: _Went | None = None

    def reach(self, t_s: float, frames: float, at: Point, shelf: int, within_s: float) -> None:
        """The hand is in a shelf."""
        if self.reached_s is None or self.body_frames or t_s - self.reached_s > within_s / 4:
            self.before_s, self.from_s, self.frames = self.reached_s, t_s, 0.0
        self.frames += frames
        self.reached_s, self.at, self.shelf, self.body_frames = t_s, at, shelf, 0.0

    def stay(self, t_s: float, frames: float, state: HandState, config: ConcealmentRule) -> None:
        """The hand is somewhere else: count it while it is at the body and came there in time."""
        if self.reached_s is None or self.at is None or state.at_body < AT_BODY:
            return
        if self.body_frames or t_s - self.reached_s <= config.within_s:
            self.body_frames += frames
        if self.frames >= config.reach_frames_least and self.body_frames >= config.body_frames_least:
            counts = round(self.frames), round(self.body_frames)
            self.went = _Went(t_s, *counts, self.at, self.shelf, self._twice())

    def _twice(self) -> bool:
        """Whether the latest reach may have brought back what the one before took."""
        if self.before_s is None or self.from_s is None:
            return False
        return PUT_BACK_S[0] <= self.from_s - self.before_s <= PUT_BACK_S[1]


@dataclass(slots=True)
class _Person:
    """One person's score and hands, when and where they were last looked at, and when the detector last saw them.

    `track` is the one under which they are told of.
    """

    track: int
    score: ConcealmentScore = field(default_factory=ConcealmentScore)
    hands: tuple[_Hand, _Hand] = field(default_factory=lambda: (_Hand(), _Hand()))
    looked_s: float = 0.0
    seen_s: float = 0.0
    hips: complex | None = None

    def apart(self, body: Body) -> float:
        """How far this body is from where they were lost, in shares of how far they may have come since."""
        gap_s = body.t_s - self.looked_s
        if self.hips is None or body.hips is None or gap_s > FORGET_LOOKS_S:
            return inf
        reach = min(SAME_TORSOS + SAME_TORSOS_S * gap_s, SAME_TORSOS_MOST)
        return abs(body.hips - self.hips) / (reach * self.score.torso_h)


class Concealment:
    """Watches the hands of people near shelves; `fronts` are the shelves' names and where their goods are seen."""

    def __init__(self, config: ConcealmentRule, fronts: Sequence[tuple[str, Sequence[Point]]]) -> None:
        self.config = config
        self._names = [name for name, _ in fronts]
        self._fronts = Fronts([front for _, front in fronts])
        self._people: dict[int, _Person] = {}
        self._found: Held[tuple[str, dict[str, Json]]] = Held(config.hold_s)
        self._now_s = 0.0

    @property
    def candidates(self) -> frozenset[int]:
        """Those who have just reached into a shelf, and those about whom an incident is open."""
        return self._reached() | frozenset(track for track, _ in self._found)

    def update(self, view: View) -> Iterator[Hit]:
        """One hit for each person whose hand went from a shelf to the body in a telling way."""
        self._now_s = view.t_s
        self._found.forget(view.t_s)
        for number, pose in (view.senses.pose or {}).items():
            self._look(number, body_of(pose, view.aspect), view)
        self._people = {k: p for k, p in self._people.items() if view.t_s - p.looked_s <= FORGET_S}
        for number in self._people.keys() & view.people:
            self._people[number].seen_s = view.t_s
        for number, (shelf, factors) in self._found:
            yield Hit.about(self.config, number, zone=shelf, factors=factors)

    def _look(self, number: int, body: Body, view: View) -> None:
        person = self._people.get(number) or self._known(number, body, view) or _Person(number, looked_s=view.t_s)
        self._people[number] = person
        frames = FRAMES_PER_S * min(view.t_s - person.looked_s, LONGEST_S)
        person.looked_s, person.hips = view.t_s, body.hips or person.hips
        person.score.update(body, self._fronts.reached(body, view.aspect))
        states = person.score.hands
        if states is not None:
            for side, state in ((LEFT, states.left), (RIGHT, states.right)):
                tip = self._fronts.tip(body, side, view.aspect)
                front = self._fronts.near(tip, view.aspect, NEAR_TORSOS * person.score.torso_h)
                self._follow(person.hands[side], tip, front, state, frames, view.t_s)
        self._judge(number, person, view)

    def _known(self, number: int, body: Body, view: View) -> _Person | None:
        """Somebody who was lost before this track began, where it begins: what is known of their hands goes on."""
        track = view.people.get(number)
        if track is None:
            return None
        lost = [(person.apart(body), k) for k, person in self._people.items() if person.seen_s <= track.born_s]
        apart, earlier = min(lost, default=(inf, 0))
        return self._people.pop(earlier) if apart <= 1.0 else None

    def _judge(self, number: int, person: _Person, view: View) -> None:
        """Note a hit where a hand went from a shelf to the body and the foremost hand looks like hiding something.

        That may be the other: poses take left for right, and one hand helps the other.
        """
        since_s = view.t_s - DELAY_S - AROUND_S
        ready = [hand.went for hand in person.hands if hand.went and hand.went.t_s >= since_s]
        if not ready:
            return
        went = max(ready, key=lambda went: went.t_s)
        known = _known(went, view.senses.changes)
        side = max((LEFT, RIGHT), key=lambda side: person.score.logit_of(side, known))
        score = person.score.score_of(side, known)
        if score >= self.config.threshold:
            factors: dict[str, Json] = {
                "score": round(score, 3),
                "reach_frames": went.reach_frames,
                "body_frames": went.body_frames,
                **person.score.factors(side, known),
            }
            person.track = person.track if person.track in self._found else number
            self._found.note(person.track, view.t_s, (self._names[went.shelf], factors))

    def _follow(
        self, hand: _Hand, tip: Point | None, front: int | None, state: HandState, frames: float, t_s: float
    ) -> None:
        if front is not None and tip is not None and max(state.at_body, state.hanging) < AT_BODY:
            hand.reach(t_s, frames, tip, front, self.config.within_s)
            if self._fronts.at(tip) is not None:
                hand.inside_s = t_s
        else:
            hand.stay(t_s, frames, state, self.config)

    def _reached(self) -> frozenset[int]:
        since_s = self._now_s - self.config.within_s
        return frozenset(
            track
            for track, person in self._people.items()
            if any(hand.inside_s is not None and hand.inside_s >= since_s for hand in person.hands)
        )


def _known(went: _Went, changes: Changes | None) -> dict[str, float]:
    """What poses cannot tell: whether the shelf lost something there, or whether a hand was there twice and it did not.

    Where the shelf's background is not known that is nothing.
    """
    if changes is None or not changes.ready:
        return {}
    lost = changes.lost_near(went.at, LOSS_REACH, LOSS_S) is not None
    return {"shelf_lost": float(lost), "put_back": float(went.twice and not lost)}
