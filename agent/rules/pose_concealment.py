"""The rule `concealment`: a hand reaches into a shelf and soon after stays at a pocket, a bag or under the clothes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from agent.domain import Json, Point
from agent.rule_config import ConcealmentRule
from agent.rules.base import Held, Hit, View
from agent.rules.changes import Changes
from agent.rules.pose_hands import HandState
from agent.rules.pose_score import ConcealmentScore
from agent.rules.poses import LEFT, RIGHT, Body, body_of
from agent.rules.zones import ZoneMap

AT_BODY = 0.5
FRAMES_PER_S, LONGEST_S = 15.0, 0.3
"""A pose stands for the time since the one before it, told in frames of a camera at this rate."""
FORGET_S = 10.0
PUT_BACK_S = (1.0, 12.0)
"""A second reach of the same hand so long after the first may have put the thing back."""
LOSS_REACH, LOSS_S = 0.12, 12.0
"""A loss belongs to a reach when it is so near (frame heights) and so recent."""


@dataclass(slots=True)
class _Hand:
    """One hand's way: the latest reach into a shelf, the one before, and how long it has been at the body since."""

    frames: float = 0.0
    from_s: float | None = None
    reached_s: float | None = None
    before_s: float | None = None
    at: Point | None = None
    shelf: int = 0
    body_frames: float = 0.0

    def reach(self, t_s: float, frames: float, at: Point, shelf: int, within_s: float) -> None:
        """The hand is in a shelf."""
        if self.reached_s is None or self.body_frames or t_s - self.reached_s > within_s / 4:
            self.before_s, self.from_s, self.frames = self.reached_s, t_s, 0.0
        self.frames += frames
        self.reached_s, self.at, self.shelf, self.body_frames = t_s, at, shelf, 0.0

    def stay(self, t_s: float, frames: float, state: HandState, within_s: float) -> None:
        """The hand is somewhere else: count it while it is at the body and came there in time."""
        if self.reached_s is None or state.at_body < AT_BODY:
            return
        if self.body_frames or t_s - self.reached_s <= within_s:
            self.body_frames += frames

    def put_back(self) -> bool:
        """Whether the latest reach may have brought back what the one before took."""
        if self.before_s is None or self.from_s is None:
            return False
        return PUT_BACK_S[0] <= self.from_s - self.before_s <= PUT_BACK_S[1]


@dataclass(slots=True)
class _Person:
    """One person's score and hands, and when they were last looked at."""

    score: ConcealmentScore = field(default_factory=ConcealmentScore)
    hands: tuple[_Hand, _Hand] = field(default_factory=lambda: (_Hand(), _Hand()))
    seen_s: float = 0.0

    @property
    def foremost(self) -> _Hand:
        """The hand that has been longest at the body after a reach, else the one that reached longest."""
        return max(self.hands, key=lambda hand: (hand.body_frames, hand.frames))


class Concealment:
    """Watches the hands of people near shelves; `fronts` are the shelves' names and where their goods are seen."""

    def __init__(self, config: ConcealmentRule, fronts: Sequence[tuple[str, Sequence[Point]]]) -> None:
        self.config = config
        self._names = [name for name, _ in fronts]
        self._fronts = ZoneMap([front for _, front in fronts])
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
        self._people = {k: p for k, p in self._people.items() if view.t_s - p.seen_s <= FORGET_S}
        for number, (shelf, factors) in self._found:
            yield Hit.about(self.config, number, zone=shelf, factors=factors)

    def _look(self, number: int, body: Body, view: View) -> None:
        person = self._people.setdefault(number, _Person(seen_s=view.t_s))
        frames = FRAMES_PER_S * min(view.t_s - person.seen_s, LONGEST_S)
        person.seen_s = view.t_s
        person.score.update(body, self._known(person, view.senses.changes))
        states = person.score.hands
        if states is None:
            return
        for side, state in ((LEFT, states.left), (RIGHT, states.right)):
            self._follow(person.hands[side], body.arm(side).hand, state, frames, view)
        ready = [side for side in (LEFT, RIGHT) if self._went(person.hands[side])]
        for side in sorted(ready, key=person.score.logit_of):
            if person.score.score_of(side) >= self.config.threshold:
                shelf = self._names[person.hands[side].shelf]
                self._found.note(number, view.t_s, (shelf, _factors(person, side)))

    def _went(self, hand: _Hand) -> bool:
        """Whether a hand was in a shelf and then at the body for long enough."""
        return hand.frames >= self.config.reach_frames_least and hand.body_frames >= self.config.body_frames_least

    def _follow(self, hand: _Hand, tip: complex | None, state: HandState, frames: float, view: View) -> None:
        at = None if tip is None else Point(tip.real / view.aspect, tip.imag)
        fronts = 0 if at is None else self._fronts.at(at)
        if fronts and at is not None and max(state.at_body, state.hanging) < AT_BODY:
            hand.reach(view.t_s, frames, at, (fronts & -fronts).bit_length() - 1, self.config.within_s)
        else:
            hand.stay(view.t_s, frames, state, self.config.within_s)

    def _known(self, person: _Person, changes: Changes | None) -> dict[str, float]:
        """What poses cannot tell: whether the shelf lost something there, and whether a hand was there twice."""
        hand = person.foremost
        if hand.reached_s is None:
            return {}
        lost = hand.at is not None and _lost_near(changes, hand.at)
        return {"shelf_lost": float(lost), "put_back": float(hand.put_back() and not lost)}

    def _reached(self) -> frozenset[int]:
        since_s = self._now_s - self.config.within_s
        return frozenset(
            track
            for track, person in self._people.items()
            if any(hand.reached_s is not None and hand.reached_s >= since_s for hand in person.hands)
        )


def _factors(person: _Person, side: int) -> dict[str, Json]:
    hand = person.hands[side]
    return {
        "score": round(person.score.score_of(side), 3),
        "reach_frames": round(hand.frames),
        "body_frames": round(hand.body_frames),
        **person.score.factors(side),
    }


def _lost_near(changes: Changes | None, at: Point) -> bool:
    """Whether the shelf is known to have lost something near that place lately."""
    return changes is not None and changes.ready and changes.lost_near(at, LOSS_REACH, LOSS_S) is not None
