"""What the agent makes of many people's looks, all at once: the same numbers as one look at a time, much sooner.

`steadied` is agent.vision.pose_steady for people side by side, `rows_of` what agent.rules.pose_memory remembers of one
person from the first look to the last; tests hold that they agree. Neither form can serve for both: for one person
arrays cost almost four times as much as plain numbers, for 64 side by side a ninth.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.domain import Joint
from agent.rules.pose_hands import TorsoScale
from agent.rules.pose_memory import EXACT, FAST, GAP_S, LEAST_SPAN_S, LIMBS, STEP_S
from agent.rules.pose_numbers import COLUMN, F32, F64, NUMBERS, Flags, body_numbers
from agent.rules.poses import MIN_CONFIDENCE, Torso
from agent.vision import pose_steady as steady

SIDE_BY_SIDE = 64
_WALK = slice(COLUMN["walk_x"], COLUMN["walk_y"] + 1)
_HANDS = slice(COLUMN["other_in_shelf"], COLUMN["in_shelf"] + 1)


class Looks(NamedTuple):
    """One person at times `t_s` (n,): `xy` (n, 17, 2) in frame heights and how sure each joint is, `seen` (n, 17)."""

    t_s: F64
    xy: F64
    seen: F64


def steadied(people: Sequence[Looks]) -> list[Looks]:
    """Everybody's looks, one at least of each, with left and right put straight and jitter smoothed; in their order."""
    order = sorted(range(len(people)), key=lambda number: len(people[number].t_s))
    found: dict[int, Looks] = {}
    for first in range(0, len(order), SIDE_BY_SIDE):
        some = order[first : first + SIDE_BY_SIDE]
        found |= zip(some, _side_by_side([people[number] for number in some]), strict=True)
    return [found[number] for number in range(len(people))]


def _side_by_side(people: Sequence[Looks]) -> list[Looks]:
    longest = max(len(looks.t_s) for looks in people)
    t_s, xy, seen = (np.stack([_padded(part, longest) for part in parts], 1) for parts in zip(*people, strict=True))
    filters = _Filters(len(people))
    for look in range(longest):
        xy[look], seen[look] = filters.take(t_s[look], xy[look], seen[look])
    sizes = [len(looks.t_s) for looks in people]
    return [Looks(looks.t_s, xy[:n, k], seen[:n, k]) for k, (looks, n) in enumerate(zip(people, sizes, strict=True))]


def _padded(part: F64, length: int) -> F64:
    return np.concatenate([part, np.repeat(part[-1:], length - len(part), axis=0)])


class _Filters:
    """The steadying of `count` people, who are all looked at at once; their first looks are taken as they are."""

    def __init__(self, count: int) -> None:
        self._xy, self._pace = np.zeros((2, count, len(Joint), 2))
        self._seen = np.zeros((count, len(Joint)))
        self._t_s = np.full(count, -np.inf)

    def take(self, t_s: F64, xy: F64, seen: F64) -> tuple[F64, F64]:
        """Places (count, 17, 2) and confidences (count, 17) as they most likely are."""
        span_s = t_s - self._t_s
        fresh = ~((span_s > 0.0) & (span_s <= steady.GAP_S))
        span_s = np.where(fresh, 1.0, np.maximum(span_s, steady.LEAST_SPAN_S))[:, None, None]
        size = _sizes(xy, seen)[:, None]
        xy, seen = self._straight(xy, seen, size, fresh)
        faded = self._seen * np.exp(-span_s[:, :, 0] / steady.FADE_S)
        low, was_low = seen < MIN_CONFIDENCE, self._seen < MIN_CONFIDENCE
        moves = ~(fresh[:, None] | low | was_low)
        fades = low & (faded >= MIN_CONFIDENCE) & ~fresh[:, None]
        pace = self._pace + _share(steady.SPEED_CUTOFF_HZ, span_s) * ((xy - self._xy) / span_s - self._pace)
        speed = np.hypot(pace[..., 0], pace[..., 1]) / size
        share = _share(steady.MIN_CUTOFF_HZ + steady.SPEED_GAIN * speed[..., None], span_s)
        kept = np.where(fades[..., None], self._xy, xy)
        self._xy = np.where(moves[..., None], self._xy + share * (xy - self._xy), kept)
        self._pace = np.where(moves[..., None], pace, 0.0)
        self._seen, self._t_s = np.where(fades, faded, seen), t_s
        return self._xy, self._seen

    def _straight(self, xy: F64, seen: F64, size: F64, fresh: Flags) -> tuple[F64, F64]:
        """Left and right of the arms or the legs exchanged where they plainly are the wrong way round."""
        xy, seen = xy.copy(), seen.copy()
        for left in (steady.ARMS, steady.LEGS):
            right = [joint + 1 for joint in left]
            plain = self._way(xy, seen, left, left, right, right)
            crossed = self._way(xy, seen, left, right, right, left)
            wrong = ~fresh & (crossed < steady.SWAP_GAIN * plain) & (plain - crossed > steady.SWAP_LEAST * size[:, 0])
            rows, here, there = np.flatnonzero(wrong)[:, None], [*left, *right], [*right, *left]
            xy[rows, here], seen[rows, here] = xy[rows, there], seen[rows, there]
        return xy, seen

    def _way(self, xy: F64, seen: F64, *pairs: Sequence[int]) -> F64:
        """How far joints would have come, where all four ends of both sides are sure: from, to, from, to."""
        sure, total = np.ones((len(xy), len(pairs[0])), np.bool_), 0.0
        for was, now in (pairs[:2], pairs[2:]):
            sure &= (self._seen[:, was] >= MIN_CONFIDENCE) & (seen[:, now] >= MIN_CONFIDENCE)
            total = total + np.hypot(*np.moveaxis(self._xy[:, was] - xy[:, now], -1, 0))
        return np.asarray((total * sure).sum(1))


def _share(cutoff_hz: F64 | float, span_s: F64) -> F64:
    return np.asarray(1.0 / (1.0 + 1.0 / (2 * np.pi * cutoff_hz * span_s)))


def _sizes(xy: F64, seen: F64) -> F64:
    """The height or width of what is seen of each body (n,), frame heights; never 0."""
    sure = seen >= MIN_CONFIDENCE
    low = np.where(sure[..., None], xy, np.inf).min(1)
    high = np.where(sure[..., None], xy, -np.inf).max(1)
    return np.where(sure.sum(1) > 1, np.maximum((high - low).max(1), 1e-3), 1.0)


def scales_of(looks: Looks) -> F64:
    """How long the torso is when it is not foreshortened, at every look (n,), frame heights."""
    sure = looks.seen >= MIN_CONFIDENCE
    places = np.where(sure, looks.xy[..., 0] + 1j * looks.xy[..., 1], np.nan)
    hips, shoulders = places[:, [Joint.L_HIP, Joint.R_HIP]], places[:, [Joint.L_SHOULDER, Joint.R_SHOULDER]]
    widths = [np.nan_to_num(np.abs(pair[:, 0] - pair[:, 1])) / 2 for pair in (hips, shoulders)]
    ends = (np.where(np.isnan(pair[:, :1]), pair[:, ::-1], pair) for pair in (hips, shoulders))
    torsos = zip(*(_halfway(pair).tolist() for pair in ends), np.maximum(*widths).tolist(), strict=True)
    scale, last, found = TorsoScale(), 1e-4, []
    for t_s, torso in zip(looks.t_s.tolist(), (Torso(*torso) for torso in torsos), strict=True):
        if torso.length > 0.0:
            last = scale.update(t_s, torso)
        found.append(last)
    return np.array(found)


def _halfway(pair: NDArray[np.complex128]) -> NDArray[np.complex128]:
    return np.where(np.isnan(pair[:, 1]), pair[:, 0], pair.mean(1))


def rows_of(looks: Looks, in_shelf: F32) -> F32:
    """What is remembered of steadied looks, none more than FORGET_S after the one before: a row (k,) for every step.

    `in_shelf` (n, 2) says of the left and the right hand whether it is in a shelf.
    """
    scale = scales_of(looks)
    limbs, hips, there = body_numbers(looks.xy, looks.seen, scale)
    step = np.floor(looks.t_s / STEP_S + EXACT).astype(np.int64)
    kept = np.flatnonzero(np.diff(step, append=step[-1] + 1))
    of_step = np.searchsorted(step[kept], np.arange(step[0], step[-1] + 1), side="right") - 1
    age_s = (np.arange(step[0], step[-1] + 1) - step[kept][of_step]) * STEP_S
    rows = np.zeros((len(kept), len(NUMBERS)), np.float32)
    rows[:, :LIMBS], rows[:, _WALK] = limbs[kept], _walk(looks.t_s[kept], hips[kept], there[kept], scale[kept])
    rows[:, COLUMN["there"]], rows[:, _HANDS] = there[kept], in_shelf[kept]
    rows = rows[of_step] * (age_s < GAP_S)[:, None]
    rows[:, COLUMN["age"]], rows[:, COLUMN["shelf_known"]] = np.minimum(age_s, GAP_S), 1.0
    return rows


def _walk(t_s: F64, hips: F64, there: Flags, scale: F64) -> F64:
    """Torso lengths a second (n, 2) since the step before; 0 where that is long ago or a torso was not seen."""
    span_s = np.diff(t_s, prepend=-np.inf)
    known = there & np.roll(there, 1) & (span_s <= GAP_S)
    way = np.diff(hips, axis=0, prepend=hips[:1])
    return np.clip(way / (scale * np.maximum(span_s, LEAST_SPAN_S))[:, None], -FAST, FAST) * known[:, None]
