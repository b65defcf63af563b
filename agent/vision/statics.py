"""Follows what keeps still and is not as it was: blob by blob, through people who stand before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from agent.rules.changes import Change, ChangeKind
from agent.vision.nature import Glimpse, Nature
from agent.vision.scene import Scene, box_of
from agent.vision.whereabouts import Whereabouts
from hal.ports import F32, U8

MIN_AREA = 12
"""Pixels that a blob has at least."""
FIRM_S = 3.0
GONE_S = 3.0
"""So long something must be seen to be told of, and be gone to be forgotten."""
YOUNG_S = 10.0
"""A thing comes into sight bit by bit; later what appears beside it is another."""
KEPT_S, BARE_S = 1800.0, 300.0
"""So long something new, or the floor where something went, is no part of the scene; then it is accepted as it is."""
ON_SHELF = 0.5
SURE_S = 90.0
GROWN, GROWN_PIXELS = 1.25, 8
AGAIN_S = 4.0
"""How often the nature of a blob is looked at again."""
GLIMPSE, IN_SIGHT = 0.25, 0.6
"""The share of a blob that must be in sight to know that it is still there, and to judge it."""
TURNED = {ChangeKind.ADDED, ChangeKind.REMOVED}
"""A place that was the one and is the other has changed again: somebody else may have done it."""
_JOIN = np.ones((5, 5), np.uint8)
_AROUND = np.ones((7, 7), np.uint8)


@dataclass(slots=True)
class Blob:
    """One place that differs. `kind` is None while it looks like light; `roi` is x0, y0, x1, y1 in pixels.

    `last_s` is when it was last in sight, `held_s` when it was last in sight or `hidden`, which it may be now. It is
    `doubtful` where the scene had not been watched for long: perhaps somebody was taken for a part of it, and it is
    learned on. From its first seconds on it keeps to its `home`, a mask a little wider than it was then.
    """

    id: int
    mask: U8
    roi: tuple[int, int, int, int]
    area: int
    before_s: float
    seen_s: float
    last_s: float
    held_s: float
    grown_area: int
    looked_s: float
    nature: Nature = field(default_factory=Nature)
    glimpse: Glimpse | None = None
    kind: ChangeKind | None = None
    home: U8 | None = None
    firm: bool = False
    hidden: bool = False
    doubtful: bool = False
    owner: int | None = None
    owner_h: float = 0.0
    shelved: float = 0.0


class Numbers:
    """The numbers of blobs: 1, 2, 3, ..., each given once, whatever scene it is."""

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> int:
        """The next one."""
        self._last += 1
        return self._last


class Statics:
    """The blobs of one scene; `goods` is 255 where shelf fronts are, `numbers` are those that blobs get.

    `kept` is 255 where the long background must stay as it was, `accepted` where it must become what is there now,
    `upright` where something stands before the shelves, or may.
    """

    def __init__(self, goods: U8, numbers: Numbers) -> None:
        self._goods = np.asarray(cv2.dilate(goods, _AROUND), np.uint8)
        self._numbers = numbers
        self._blobs: list[Blob] = []
        self._clear_s: F32 | None = None
        self.kept: U8 = np.zeros_like(goods)
        self.accepted: U8 = np.zeros_like(goods)
        self.upright: U8 = np.zeros_like(goods)

    def follow(self, scene: Scene, people: Whereabouts) -> None:
        """Bring the blobs up to date with what differs now."""
        if self._clear_s is None:
            self._clear_s = np.full(scene.other.shape, scene.t_s, np.float32)
        self.accepted = np.zeros_like(self.kept)
        shown = self._shown(scene)
        if self._blobs or cv2.countNonZero(shown):
            self._assign(scene, shown)
            self._look_at(scene, people)
            self._forget(scene)
        cv2.copyTo(np.full_like(self._clear_s, scene.t_s), scene.known & ~scene.other, self._clear_s)

    def changes(self) -> tuple[Change, ...]:
        """The blobs that are firm and no mere light."""
        return tuple(_change(blob, self.kept.shape) for blob in self._blobs if blob.firm and blob.kind is not None)

    def _shown(self, scene: Scene) -> U8:
        """What differs, and what is known of the hidden parts of blobs."""
        shown, hidden = scene.other.copy(), ~scene.known
        for blob in self._blobs:
            shown |= blob.mask & hidden
        return shown

    def _assign(self, scene: Scene, shown: U8) -> None:
        """Give every connected part to the oldest blob that it overlaps, or make a new one of it."""
        joined = cv2.morphologyEx(shown, cv2.MORPH_CLOSE, _JOIN)
        parts: dict[int, U8] = {}
        for outline in cv2.findContours(joined, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]:
            x, y, w, h = cv2.boundingRect(outline)
            part = np.zeros_like(shown)
            cv2.drawContours(part, [outline], -1, 255, cv2.FILLED)
            if cv2.countNonZero(part) < MIN_AREA:
                continue
            for blob, mask in self._divided(scene, part, (slice(y, y + h), slice(x, x + w))):
                parts[blob.id] = parts[blob.id] | mask if blob.id in parts else mask
        for blob in self._blobs:
            if blob.id in parts:
                _reshape(blob, parts[blob.id], scene)

    def _divided(self, scene: Scene, part: U8, inside: tuple[slice, slice]) -> list[tuple[Blob, U8]]:
        """Whose a connected part is. Old blobs keep to their places; what lies beyond is the youngest one's, or new."""
        touched = [blob for blob in self._blobs if cv2.countNonZero(blob.mask[inside] & part[inside])]
        old = [(blob, blob.home) for blob in touched if blob.home is not None]
        shares, left = [], part
        for blob, home in old:
            if cv2.countNonZero(left & home):
                shares.append((blob, left & home))
            left = left & ~home
        if old and cv2.countNonZero(left) >= MIN_AREA:
            left = np.asarray(cv2.morphologyEx(left, cv2.MORPH_OPEN, _JOIN), np.uint8)
        if cv2.countNonZero(left) >= MIN_AREA:
            young = sorted(
                (blob for blob in touched if blob.home is None), key=lambda blob: (blob.kind is None, blob.id)
            )
            self._blobs = [blob for blob in self._blobs if blob not in young[1:]]
            shares.append((young[0] if young else self._new(scene, left), left))
        return shares

    def _new(self, scene: Scene, part: U8) -> Blob:
        assert self._clear_s is not None, "set by follow"
        t_s, where = scene.t_s, part > 0
        before_s = float(np.median(self._clear_s[where]))
        blob = Blob(self._numbers.next(), part, (0, 0, 0, 0), 0, before_s, t_s, t_s, t_s, 0, t_s - AGAIN_S)
        blob.doubtful = float(np.median(scene.learned_s[where])) < SURE_S
        self._blobs.append(blob)
        return blob

    def _look_at(self, scene: Scene, people: Whereabouts) -> None:
        """What the blobs are, once they are firm and whenever they have grown."""
        for blob in self._blobs:
            grown = blob.home is None and blob.area > GROWN * blob.grown_area + GROWN_PIXELS
            if grown:
                blob.grown_area, blob.nature = blob.area, Nature()
            if blob.last_s < scene.t_s or scene.t_s - blob.seen_s < FIRM_S:
                continue
            due = grown or not blob.firm or scene.t_s - blob.looked_s >= AGAIN_S
            if due and cv2.countNonZero(blob.mask & scene.known) >= IN_SIGHT * blob.area:
                self._judge(blob, scene, people)
            if blob.home is None and scene.t_s - blob.seen_s > YOUNG_S:
                blob.home = np.asarray(cv2.dilate(blob.mask, _AROUND), np.uint8)

    def _judge(self, blob: Blob, scene: Scene, people: Whereabouts) -> None:
        """Look at what a blob is, without what other blobs and people make of its surroundings."""
        others = _union([other for other in self._blobs if other is not blob], self.kept.shape)
        apart = np.asarray(cv2.dilate(others, _JOIN), np.uint8) | ~scene.known
        blob.shelved = _standing_in(self._goods, blob)
        blob.nature.look(scene.now, scene.then, blob.mask, apart, blob.roi, goods=blob.shelved >= ON_SHELF)
        kind, box = blob.nature.kind, box_of(blob.roi, blob.mask.shape)
        if {blob.kind, kind} == TURNED and blob.glimpse and blob.glimpse.shows(scene.now.look, blob.mask):
            kind = blob.kind
        if {blob.kind, kind} == TURNED:
            blob.id, blob.before_s, blob.seen_s, blob.firm = self._numbers.next(), blob.looked_s, scene.t_s, False
        if kind is not blob.kind:
            blob.glimpse = Glimpse.of(scene.now.look, blob.roi)
        if not blob.firm:
            blob.firm = True
            blob.owner, blob.owner_h = people.nearest(box, blob.before_s, blob.seen_s)
        blob.kind, blob.looked_s = kind, scene.t_s

    def _forget(self, scene: Scene) -> None:
        """Drop what is as it was; accept what has been there for long."""
        t_s = scene.t_s
        self._blobs = [blob for blob in self._blobs if t_s - blob.held_s <= GONE_S]
        old = {blob.id for blob in self._blobs if t_s - blob.seen_s > KEPT_S or self._is_bare(blob, scene)}
        self.accepted = _union([blob for blob in self._blobs if blob.id in old], self.kept.shape)
        self._blobs = [blob for blob in self._blobs if blob.id not in old]
        self.kept = _union(
            [b for b in self._blobs if not b.doubtful and (b.kind is not None or not b.firm)], self.kept.shape
        )
        upright = [b for b in self._blobs if b.shelved < ON_SHELF and (b.kind is not None or not b.firm)]
        self.upright = _union(upright, self.kept.shape)

    def _is_bare(self, blob: Blob, scene: Scene) -> bool:
        """Whether there has been nothing but floor for long where something went, all of it now in sight."""
        if blob.kind is not ChangeKind.REMOVED or blob.shelved >= ON_SHELF or scene.t_s - blob.seen_s <= BARE_S:
            return False
        others = _union([other for other in self._blobs if other.kind is not ChangeKind.REMOVED], self.kept.shape)
        return not cv2.countNonZero(cv2.bitwise_and(cv2.dilate(blob.mask, _AROUND), others | ~scene.known))


def _standing_in(goods: U8, blob: Blob) -> float:
    """The share of a blob's lower edge that lies in `goods`: what stands before a shelf reaches down to the floor."""
    x0, y0, x1, y1 = blob.roi
    inside = blob.mask[y0:y1, x0:x1] > 0
    columns = np.flatnonzero(inside.any(0))
    lowest = y1 - 1 - np.argmax(inside[::-1, columns], axis=0)
    return float((goods[lowest, x0 + columns] > 0).mean())


def _reshape(blob: Blob, mask: U8, scene: Scene) -> None:
    blob.mask = mask
    x, y, w, h = cv2.boundingRect(mask)
    blob.roi, blob.area = (x, y, x + w, y + h), cv2.countNonZero(mask)
    blob.held_s = scene.t_s
    was_hidden, blob.hidden = blob.hidden, cv2.countNonZero(mask & scene.known) < GLIMPSE * blob.area
    if blob.hidden:
        return
    blob.last_s = scene.t_s
    if was_hidden and not blob.firm:  # what was seen before may have been somebody not found yet
        blob.seen_s = scene.t_s


def _union(blobs: Sequence[Blob], shape: tuple[int, ...]) -> U8:
    whole = np.zeros(shape, np.uint8)
    for blob in blobs:
        whole |= blob.mask
    return whole


def _change(blob: Blob, shape: tuple[int, ...]) -> Change:
    assert blob.kind is not None, "light is no change"
    return Change(
        id=blob.id,
        kind=blob.kind,
        box=box_of(blob.roi, shape),
        area=blob.area / (shape[0] * shape[1]),
        before_s=blob.before_s,
        seen_s=blob.seen_s,
        last_s=blob.last_s,
        owner=blob.owner,
        owner_h=blob.owner_h,
        shelved=blob.shelved,
    )
