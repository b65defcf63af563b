"""Where people truly stand when furniture hides their feet: told by their head and by how tall they are.

The bottom of such a box is on the counter, not on the floor: as a foot it would put them far behind the counter, and
their feet would jump when they go behind it. How tall each person is compared with others is learned while they are
seen whole; a box that loses its legs shrinks from below, one of somebody who crouches from above.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.domain import Track
from agent.rules.ground import Ground

LEARN_S = 0.5
CUT_SHARE, WHOLE_SHARE = 0.77, 0.9
"""Whose box is shorter than this share of what they should look like has lost its legs, until it is this tall again."""
BROAD = 0.6
"""A standing body is narrower than this share of its height; a box that is not shows half of one."""
RISE, FALL = 0.3, 0.01
FORGET_S = 10.0
EDGE = 0.01


@dataclass(slots=True)
class _Body:
    """One person: their height over a grown one's, and their last whole box (head and foot row).

    `grown` is how tall a grown person was taken to look where their feet were then.
    """

    stature: float
    head_y: float
    foot_y: float
    learned_s: float
    seen_s: float
    cut: bool = False
    grown: float = 0.0


class Footing:
    """Finds the feet of everybody, and teaches the ground by those who are seen whole.

    `guessed` are the tracks whose feet the head told of in the last frame.
    """

    def __init__(self, ground: Ground, aspect: float) -> None:
        self._ground = ground
        self._aspect = aspect
        self._bodies: dict[int, _Body] = {}
        self._next_forget_s = 0.0
        self._fits = 0
        self.guessed: set[int] = set()

    def update(self, t_s: float, tracks: Sequence[Track]) -> list[Track]:
        """The tracks; where feet are hidden, boxes reach down to them and the feet count as not seen."""
        if t_s >= self._next_forget_s:
            self._next_forget_s = t_s + FORGET_S
            self._bodies = {k: body for k, body in self._bodies.items() if t_s - body.seen_s <= FORGET_S}
        if self._fits != self._ground.fits:
            self._fits = self._ground.fits
            self._measure_anew()
        self.guessed.clear()
        return [self._standing(t_s, track) if track.seen and track.foot_seen else track for track in tracks]

    def _measure_anew(self) -> None:
        """The floor was fitted anew: everybody is as tall as before, beside grown people who look taller or smaller."""
        for body in self._bodies.values():
            grown = self._ground.height(body.foot_y)
            if grown is not None and body.grown:
                body.stature *= body.grown / grown
                body.grown = grown

    def _standing(self, t_s: float, track: Track) -> Track:
        x1, y1, x2, y2 = track.box
        body = self._bodies.get(track.id)
        grown = self._ground.height(y2)
        if body is None:
            body = self._bodies[track.id] = _Body(0.0, y1, y2, t_s, t_s)
        if grown is None or y1 <= EDGE:
            self._learn(t_s, track, body)
            return track
        share = (y2 - y1) / grown
        if body.stature == 0.0:
            body.stature = 1.0 if (x2 - x1) * self._aspect > BROAD * (y2 - y1) else share
        body.cut = self._is_cut(body, share, y1, y2)
        if not body.cut:
            body.stature += (RISE if share > body.stature else FALL) * (share - body.stature)
            body.head_y, body.foot_y, body.grown = y1, y2, grown
            self._learn(t_s, track, body)
            return track
        body.seen_s = t_s
        foot_y = self._ground.foot_below(y1, body.stature)
        if foot_y is None or foot_y <= y2:
            return track
        self.guessed.add(track.id)
        return track._replace(box=track.box._replace(y2=foot_y), foot_seen=False)

    def _learn(self, t_s: float, track: Track, body: _Body) -> None:
        body.seen_s = t_s
        if track.confirmed and t_s - body.learned_s >= LEARN_S:
            body.learned_s = t_s
            self._ground.learn(track.box.y2, track.height)

    def _is_cut(self, body: _Body, share: float, head_y: float, foot_y: float) -> bool:
        if body.cut:
            return share < WHOLE_SHARE * body.stature
        if share >= CUT_SHARE * body.stature:
            return False
        return body.foot_y - foot_y > head_y - body.head_y
