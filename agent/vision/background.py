"""The empty scene, learned in seconds and in minutes with people left out, and what has come to differ between the two.

Two backgrounds after Porikli, "Detection of temporarily static regions by processing video at different frame rates"
(AVSS 2007): a short one (10 s) holds whatever keeps still now, a long one (600 s) how it usually is. Where they show
different things (`likeness`: light does not count) something was put down or taken; `statics` follows it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import cv2
import numpy as np

from agent.domain import Point, Track
from agent.rules.changes import Changes
from agent.rules.senses import Senses
from agent.vision.fronts import Front
from agent.vision.likeness import Look, Texture, above, size_of, unlike
from agent.vision.raster import raster
from agent.vision.scene import Scene
from agent.vision.statics import Numbers, Statics
from agent.vision.steady import Steady
from agent.vision.whereabouts import Whereabouts
from hal.ports import F32, U8, Frame, Yuv420

EVERY_S = 0.5
SHORT_TAU_S, LONG_TAU_S = 10.0, 600.0
LEARN_EVERY_S = 2.0
LONGEST_STEP_S = 2.0
"""What one picture may stand for, when the ones before were left out."""
SETTLED_S = 2.0
"""So long a place must have kept still to show what is there."""
KNOWN_S = 40.0
"""So long a place must have been watched before anything about it can be new."""
READY_SHARE = 0.7
MOVING = 12.0
"""A patch that is so far from the short background moves (levels)."""
LIT_SHARE = 0.15
"""Where so much moves at once it is the light."""
MARGIN_H, MARGIN_BELOW_H = 0.12, 0.06
"""What a box may be too small by, and a shadow reach below it, in body heights."""
NUDGED_SHARE, NUDGE_PX = 0.02, (0.3, 4.0)
"""Where so much differs the camera may have been nudged; by so many pixels it is put right."""
UPSET_SHARE, UPSET_S = 0.35, 20.0
"""Where so much differs the whole scene has changed (lamps, a turned camera); after so long it is learned anew."""

_NEAR = np.ones((3, 3), np.uint8)


class Layer:
    """A picture averaged over what was seen of each place: all of it up to `tau_s`, with exponential memory after.

    `weight` is for how many seconds each pixel was seen, float32 (h, w), at most `tau_s`.
    """

    def __init__(self, first: Look, tau_s: float) -> None:
        self._tau_s = tau_s
        self.look = Look(first.luma.copy(), first.chroma.copy())
        self.weight: F32 = np.zeros_like(first.luma)
        self._texture: Texture | None = None

    @property
    def texture(self) -> Texture:
        """Of the picture as it is now; worked out once until it learns again."""
        if self._texture is None:
            self._texture = Texture(self.look)
        return self._texture

    def learn(self, look: Look, where: U8, span_s: float) -> None:
        """Take in the pixels of `where` (255), which stand for the last `span_s` seconds."""
        self._texture = None
        seen = cv2.multiply(np.asarray(where, np.float32), span_s / 255)  # type: ignore[call-overload]  # takes numbers
        share = np.asarray(cv2.divide(seen, cv2.add(self.weight, span_s)))  # type: ignore[call-overload]
        cv2.add(self.weight, seen, dst=self.weight)
        cv2.min(self.weight, self._tau_s, dst=self.weight)  # type: ignore[call-overload]
        half = share[::2, ::2]
        for kept, new, part in (
            (self.look.luma, look.luma, share),
            (self.look.chroma, look.chroma, cv2.merge([half, half])),
        ):
            cv2.add(kept, cv2.multiply(cv2.subtract(new, kept), part), dst=kept)

    def shifted(self, right: float, down: float) -> Layer:
        """The same scene when the camera has been nudged, so that it lies some pixels further right and down."""
        luma, chroma, weight = (
            _shifted(plane, right / scale, down / scale)
            for plane, scale in ((self.look.luma, 1), (self.look.chroma, 2), (self.weight, 1))
        )
        moved = Layer(Look(luma, chroma), self._tau_s)
        moved.weight = weight
        return moved

    def forget(self, where: U8) -> None:
        """Begin anew in the pixels of `where`."""
        cv2.copyTo(np.zeros_like(self.weight), where, self.weight)


class Background:
    """A sense (`Watcher` of the pipeline): `changes`. `fronts` are shelf fronts by zone and `masks` areas in which
    things move by themselves (doors, screens), both polygons 0..1; `aspect` is the picture's width / height.

    It looks twice a second at most and costs under a millisecond; the other frames get the same answer.
    """

    sense = "changes"

    def __init__(
        self, aspect: float, fronts: Mapping[str, Sequence[Point]], masks: Iterable[Sequence[Point]] = ()
    ) -> None:
        self._aspect = aspect
        self._fronts = dict(fronts)
        self._masks = [tuple(mask) for mask in masks]
        self._size = (0, 0)
        self._seen_s = self._calm_s = -math.inf
        self._people = Whereabouts(aspect)
        self._numbers = Numbers()
        self._latest = Changes(0.0, False, aspect)

    def look(self, frame: Frame, tracks: Sequence[Track], senses: Senses) -> Senses:
        """The senses with what has changed; while the camera is blind nothing is learned."""
        if senses.blind is None and frame.t_s - self._seen_s >= EVERY_S - 1e-6:
            self._latest = self._update(frame.t_s, frame.lores, tracks)
            self._seen_s = frame.t_s
        return replace(senses, changes=self._latest)

    def _update(self, t_s: float, picture: Yuv420, tracks: Sequence[Track]) -> Changes:
        now = Look.of(picture)
        if size_of(picture) != self._size:
            self._size = size_of(picture)
            self._begin(now, t_s)
        self._people.note(t_s, tracks)
        free = self._free([*tracks, *self._people.unfound(t_s)])
        now = self._steady.still(now, self._long.look, free & above(self._long.weight, KNOWN_S))
        settled = self._settle(now, free, min(t_s - self._seen_s, LONGEST_STEP_S))
        if not self._compare(t_s, settled):
            return Changes(t_s, False, self._aspect)
        steps = tuple(step for front in self._shelves.values() for step in front.steps)
        sight = {zone: front.in_sight(settled) for zone, front in self._shelves.items()}
        return Changes(t_s, True, self._aspect, self._statics.changes(), steps, sight)

    def _begin(self, now: Look, t_s: float) -> None:
        self._short, self._long, self._steady = Layer(now, SHORT_TAU_S), Layer(now, LONG_TAU_S), Steady()
        self._watched = ~raster(self._masks, *self._size)
        fronts = {zone: raster([corners], *self._size) & self._watched for zone, corners in self._fronts.items()}
        self._shelves = {zone: Front(zone, mask, t_s) for zone, mask in fronts.items() if mask.any()}
        self._statics = Statics(raster([*self._fronts.values()], *self._size), self._numbers)
        self._calm_s, self._waiting_s = t_s, 0.0

    def _free(self, tracks: Sequence[Track]) -> U8:
        """255 where nobody stands before the scene, and nothing moves by itself."""
        free = self._watched.copy()
        width, height = self._size
        for track in tracks:
            box, side = track.box, MARGIN_H * track.height
            x1, x2 = (box.x1 - side / self._aspect) * width, (box.x2 + side / self._aspect) * width
            y1, y2 = (box.y1 - side) * height, (box.y2 + MARGIN_BELOW_H * track.height) * height
            free[max(int(y1), 0) : max(math.ceil(y2), 0), max(int(x1), 0) : max(math.ceil(x2), 0)] = 0
        return free

    def _settle(self, now: Look, free: U8, span_s: float) -> U8:
        """Learn the short background, anew under another light; 255 where it shows what is there."""
        moving = above(cv2.blur(cv2.absdiff(now.luma, self._short.look.luma), (5, 5)), MOVING) & free
        if cv2.countNonZero(moving) > LIT_SHARE * cv2.countNonZero(free):
            moving = free
        self._short.forget(~free | moving)
        self._short.learn(now, free, span_s)
        self._waiting_s += span_s
        return free & above(self._short.weight, SETTLED_S - 0.01)

    def _compare(self, t_s: float, settled: U8) -> bool:
        """Follow what differs and learn the long background; false while too little of it is known."""
        known = settled & above(self._long.weight, KNOWN_S)
        seen = cv2.countNonZero(known)
        if seen:
            other = self._differing(known, seen)
            if cv2.countNonZero(other) > UPSET_SHARE * seen:
                return self._upset(t_s)
            scene = Scene(
                t_s, self._short.texture, self._long.texture, known, cleaned(other) & known, self._long.weight
            )
            self._statics.follow(scene, self._people)
            for shelf in self._shelves.values():
                shelf.follow(scene, self._people, self._statics.upright)
        self._calm_s = t_s
        if self._waiting_s >= LEARN_EVERY_S:
            self._long.learn(self._short.look, settled & ~self._statics.kept, self._waiting_s)
            self._waiting_s = 0.0
        if cv2.countNonZero(self._statics.accepted):
            self._accept(self._statics.accepted)
        return cv2.countNonZero(above(self._long.weight, KNOWN_S)) > READY_SHARE * cv2.countNonZero(self._watched)

    def _differing(self, known: U8, seen: int) -> U8:
        """What differs from the long background, of the `seen` pixels that are `known`; a nudge is put right first."""
        other = unlike(self._short.texture, self._long.texture) & known
        share = cv2.countNonZero(other) / seen
        due = self._waiting_s >= LEARN_EVERY_S or share > UPSET_SHARE
        return self._put_right(other, known) if due and share > NUDGED_SHARE else other

    def _put_right(self, other: U8, known: U8) -> U8:
        """What differs when the long background is moved to where the camera looks now, if that explains half of it."""
        (right, down), _ = cv2.phaseCorrelate(self._long.look.luma, self._short.look.luma)
        if not NUDGE_PX[0] <= math.hypot(right, down) <= NUDGE_PX[1]:
            return other
        moved = self._long.shifted(right, down)
        left = unlike(self._short.texture, moved.texture) & known
        if 2 * cv2.countNonZero(left) > cv2.countNonZero(other):
            return other
        self._long = moved
        return left

    def _accept(self, mask: U8) -> None:
        """What has been there for long is a part of the scene."""
        self._long.forget(mask)
        self._long.learn(self._short.look, mask, LONG_TAU_S)
        for shelf in self._shelves.values():
            shelf.accept(mask)

    def _upset(self, t_s: float) -> bool:
        """The whole scene differs: say nothing for a while, then learn it anew."""
        if t_s - self._calm_s > UPSET_S:
            self._begin(self._short.look, t_s)
        return False


def _shifted(plane: F32, right: float, down: float) -> F32:
    move = np.array([[1, 0, right], [0, 1, down]], np.float32)
    size = (plane.shape[1], plane.shape[0])
    return np.asarray(cv2.warpAffine(plane, move, size, borderMode=cv2.BORDER_REPLICATE), np.float32)


def cleaned(mask: U8) -> U8:
    """A mask without specks and with small gaps closed."""
    closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, _NEAR)
    return np.asarray(cv2.morphologyEx(closed, cv2.MORPH_OPEN, _NEAR), np.uint8)
