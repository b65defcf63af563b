"""What becomes of the goods in a shelf's front, pixel by pixel: emptied, filled, put back."""

from __future__ import annotations

from collections import deque
from math import inf

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.domain import Box
from agent.rules.changes import ChangeKind, ShelfStep
from agent.vision.scene import Scene, box_of
from agent.vision.whereabouts import Whereabouts
from hal.ports import F32, U8

FIRM_S = 3.0
"""So long a pixel must show another thing (or the old one again) to count."""
GLIMPSED_S = 1.0
"""What was seen so much earlier than it became firm was hidden in between, and happened before what is new now."""
STEPS_S = 600.0
LEAST_PIXELS = 6
CALM = 8.0
"""Added to variances (squared levels), so that flat patches compare without noise."""
EMPTIED, FILLED = 0.7, 1.4
"""How much texture a patch has left, or gained, once goods went or came."""
MAJORITY = 0.2
SHOWN = 0.8
"""So much of the goods that went or came looks changed; the rest looks like what is behind them."""
_RING = np.ones((3, 3), np.uint8)
"""A patch is compared with its surroundings, so round a thing that changed a ring looks changed, too."""
Flags = NDArray[np.bool_]


class Front:
    """One shelf front: `mask` is 255 where it is, uint8 (h, w). It remembers which pixels changed, and the `steps`."""

    def __init__(self, zone: str, mask: U8, t_s: float) -> None:
        x, y, w, h = cv2.boundingRect(mask)
        self._zone, self._roi, self._shape = zone, (slice(y, y + h), slice(x, x + w)), mask.shape
        self._origin = (x, y)
        self._inside: Flags = mask[self._roi] > 0
        self._area = max(int(self._inside.sum()), 1)
        self._changed: Flags = np.zeros_like(self._inside)
        self._emptied: Flags = np.zeros_like(self._inside)
        self._first_s: F32 = np.full(self._inside.shape, inf, np.float32)
        self._other_s: F32 = np.full(self._inside.shape, t_s, np.float32)
        self._clear_s: F32 = np.full(self._inside.shape, t_s, np.float32)
        self.steps: deque[ShelfStep] = deque()

    def follow(self, scene: Scene, people: Whereabouts, upright: U8) -> None:
        """Take in one moment; what is `upright` (255) stands before the goods, or may, and is not counted."""
        t_s = scene.t_s
        seen = (scene.known[self._roi] > 0) & self._inside
        other = seen & (scene.other[self._roi] > 0)
        same = seen & ~other
        self._first_s[other & (self._first_s == inf)] = t_s
        self._first_s[same] = inf
        self._other_s[other] = t_s
        back = same & self._changed & (t_s - self._other_s >= FIRM_S)
        new = other & ~self._changed & (t_s - self._first_s >= FIRM_S) & (upright[self._roi] == 0)
        late = new & (t_s - self._first_s >= FIRM_S + GLIMPSED_S)
        self._note(scene, people, late)
        self._note(scene, people, new & ~late)
        self._note(scene, people, back & self._emptied, returned=True)
        self._changed[back & ~self._emptied] = False  # what had come may as well have been a pram before the shelf
        self._clear_s[same] = t_s
        while self.steps and t_s - self.steps[0].seen_s > STEPS_S:
            self.steps.popleft()

    def accept(self, mask: U8) -> None:
        """Take what is there in `mask` (255) as the way it always was."""
        self._changed[mask[self._roi] > 0] = False

    def in_sight(self, settled: U8) -> float:
        """The share of the front that can be seen, where `settled` is 255 in what can be."""
        return np.count_nonzero(settled[self._roi][self._inside]) / self._area

    def _note(self, scene: Scene, people: Whereabouts, pixels: Flags, *, returned: bool = False) -> None:
        """A step of these pixels, if they are enough: they are other ones now, or goods that went have `returned`."""
        if np.count_nonzero(pixels) < LEAST_PIXELS:
            return
        kind = ChangeKind.ADDED if returned else self._kind(scene, pixels)
        before_s = float(np.median((self._other_s if returned else self._clear_s)[pixels]))
        seen_s = scene.t_s - FIRM_S if returned else float(np.median(self._first_s[pixels]))
        self._emptied[pixels] = kind is ChangeKind.REMOVED
        share = self._turn(pixels, changed=not returned)
        self.steps.append(self._step(people, kind, share, self._box(pixels), (before_s, seen_s)))

    def _turn(self, pixels: Flags, *, changed: bool) -> float:
        """Note that pixels are now `changed`, or no longer; the share of the front that it stands for: by how much the
        changed part within its ring grows or shrinks, whether it comes into sight at once or in strips.
        """
        before = self._within_ring()
        self._changed[pixels] = changed
        return min(abs(self._within_ring() - before) / self._area / SHOWN, 1.0)

    def _within_ring(self) -> int:
        """The pixels that changed, without the ring round them; what lies outside the front has none."""
        inner = cv2.erode((self._changed | ~self._inside).view(np.uint8), _RING)
        return int(np.count_nonzero((np.asarray(inner) > 0) & self._inside))

    def _step(
        self, people: Whereabouts, kind: ChangeKind, share: float, box: Box, times_s: tuple[float, float]
    ) -> ShelfStep:
        before_s, seen_s = times_s
        owner, owner_h = people.nearest(box, before_s, seen_s)
        return ShelfStep(self._zone, kind, share, box, before_s, max(seen_s, before_s), owner, owner_h)

    def _kind(self, scene: Scene, pixels: Flags) -> ChangeKind:
        """Goods have texture, bare boards have less: what most pixels say, under the light of the whole front. Where it
        is lighter here, as in a patch of sun, there is more texture without any goods.
        """
        now, then = scene.now.variance[self._roi][pixels] + CALM, scene.then.variance[self._roi][pixels] + CALM
        ratio, gain = now / then, self._gain(scene)
        here = _lighter(scene.now.mean[self._roi][pixels], scene.then.mean[self._roi][pixels])
        emptied, filled = ratio < EMPTIED * gain**2, ratio > FILLED * max(gain, here) ** 2
        lead = float(np.mean(emptied)) - float(np.mean(filled))
        if abs(lead) < MAJORITY:
            return ChangeKind.ALTERED
        return ChangeKind.REMOVED if lead > 0 else ChangeKind.ADDED

    def _gain(self, scene: Scene) -> float:
        """How much lighter the front is."""
        rows, columns = self._roi
        coarse = slice(rows.start, rows.stop, 4), slice(columns.start, columns.stop, 4)
        return _lighter(scene.now.mean[coarse], scene.then.mean[coarse])

    def _box(self, pixels: Flags) -> Box:
        x, y, w, h = cv2.boundingRect(pixels.view(np.uint8))
        left, top = self._origin
        return box_of((left + x, top + y, left + x + w, top + y + h), self._shape)


def _lighter(now: F32, then: F32) -> float:
    """How many times as light a place has become."""
    return float(np.clip(np.median(now / np.maximum(then, 1.0)), 0.3, 3.0))
