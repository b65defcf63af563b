"""The rule `erratic`: somebody goes to and fro without getting anywhere."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import cos, hypot, radians
from operator import attrgetter

from agent.domain import Json
from agent.rule_config import ErraticRule
from agent.rules.base import Held, Hit, View
from agent.rules.ground import Ground
from agent.rules.movement import by_head
from agent.rules.trails import Step, Trail, mean_step

MEAN_S = 0.5
"""The ends of a leg are means over so long."""
LOOKS_SHARE, HEAD_SHARE = 0.6, 1.2
"""So much of a leg must be seen as a way in the picture, and so far the head must go: its place is coarser than that of
a foot, but feet that a shelf hides seem to go far away, and the head stays."""
_time = attrgetter("t_s")


@dataclass(slots=True)
class _Legs:
    """One person's way as legs of at least a given length, from turn to turn.

    `corners` are where they turned, the first where their way began; `end` is how far they have got since the last one.
    """

    trail: Trail
    corners: deque[Step]
    end: Step

    @classmethod
    def of(cls, trail: Trail) -> _Legs:
        """The legs of a way that begins here."""
        here = trail.steps[-1]
        return cls(trail, deque([here]), here)

    def add(self, leg_h: float, min_cosine: float, ground: Ground) -> bool:
        """Take the latest step in; true when they went on, or have gone a leg of at least that length another way.

        Where feet were hidden until now their place is too coarse to end a leg.
        """
        now, end, corner = self.trail.steps[-1], self.end, self.corners[-1]
        x, y, leg_x, leg_y = now.x - end.x, now.y - end.y, end.x - corner.x, end.y - corner.y
        gone_h = hypot(x, y)
        if self.trail.guessed_s > now.t_s - MEAN_S:
            return False
        if leg_x * x + leg_y * y > min_cosine * hypot(leg_x, leg_y) * gone_h:
            self.end = now
            return True
        return gone_h >= leg_h and self._turn(leg_h, ground)

    def _turn(self, leg_h: float, ground: Ground) -> bool:
        """Begin a new leg where the last one ended, if the way since then truly is one."""
        turn = _mean_about(self.trail.steps, self.end)
        here = mean_step(self.trail.tail(MEAN_S) or self.trail.steps[-1:])
        if not _is_way(turn, here, leg_h, ground):
            return False
        if self.end is self.corners[-1]:
            self.corners.pop()
        self.corners.append(turn)
        self.end = here
        return True

    def back_from_end(self, span_s: float) -> Iterator[Step]:
        """The end, and the corners of so long before it, latest first."""
        while len(self.corners) > 1 and self.corners[0].t_s < self.end.t_s - span_s:
            self.corners.popleft()
        yield self.end
        yield from reversed(self.corners)


class Erratic:
    """A person goes to and fro without getting anywhere; holds until `hold_s` after it was last so.

    It is so from any corner of the last `over_s` on: what somebody did before they began to go to and fro is nothing to
    it.
    """

    def __init__(self, config: ErraticRule, zone: int | None) -> None:
        self.config = config
        self._zone = zone
        self._legs: dict[int, _Legs] = {}
        self._found: Held[tuple[float, int]] = Held(config.hold_s)
        self._cosine = cos(radians(config.turn_deg))

    def update(self, view: View) -> Iterator[Hit]:
        """One hit for each person who does."""
        self._found.forget(view.t_s)
        for track, trail in view.walking(self._zone):
            legs = self._legs.get(track)
            if legs is None or legs.trail is not trail:
                self._legs[track] = _Legs.of(trail)
            elif legs.add(self.config.leg_h, self._cosine, view.ground) and len(legs.corners) > self.config.min_turns:
                self._judge(track, legs)
        oldest_s = view.t_s - self.config.over_s
        self._legs = {track: legs for track, legs in self._legs.items() if legs.end.t_s >= oldest_s}
        for track, (ratio, turns) in self._found:
            factors: dict[str, Json] = {"path_ratio": round(ratio, 1), "turns": turns}
            yield Hit.about(self.config, track, zone=self.config.zone, factors=factors)

    def _judge(self, track: int, legs: _Legs) -> None:
        """Note the greatest ratio and the most turns of the ways to here that are erratic."""
        found = [
            (ratio, turns)
            for ratio, turns in self._ways(legs)
            if ratio > self.config.min_ratio and turns >= self.config.min_turns
        ]
        if found:
            ratios, turns = zip(*found, strict=True)
            self._found.note(track, legs.end.t_s, (max(ratios), max(turns)))

    def _ways(self, legs: _Legs) -> Iterator[tuple[float, int]]:
        """Length over distance made, and sharp turns, of the way from each corner on, the latest first."""
        now, path_h, turns = legs.end, 0.0, 0
        x, y = 0.0, 0.0
        for end, start in pairwise(legs.back_from_end(self.config.over_s)):
            later_x, later_y, x, y = x, y, end.x - start.x, end.y - start.y
            length = hypot(x, y)
            turns += x * later_x + y * later_y < self._cosine * length * hypot(later_x, later_y)
            path_h += length
            yield path_h / max(hypot(now.x - start.x, now.y - start.y), self.config.leg_h), turns


def _is_way(start: Step, end: Step, leg_h: float, ground: Ground) -> bool:
    """Whether it is a leg on the floor, looks like one (far away small jumps are long), and the head came along."""
    if hypot(end.x - start.x, end.y - start.y) < leg_h or hypot(end.u - start.u, end.v - start.v) < leg_h * LOOKS_SHARE:
        return False
    heads = by_head((start, end), ground, max(start.size, end.size))
    return not heads or hypot(heads[1].x - heads[0].x, heads[1].y - heads[0].y) >= leg_h * HEAD_SHARE


def _mean_about(steps: Sequence[Step], step: Step) -> Step:
    """The mean of the steps about one; that one where they are forgotten."""
    if steps[0].t_s > step.t_s:
        return step
    first = bisect_left(steps, step.t_s - MEAN_S / 2, key=_time)
    return mean_step(steps[first : bisect_right(steps, step.t_s + MEAN_S / 2, key=_time)] or [step])
