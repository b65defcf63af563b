"""How a camera hangs, measured by the boxes of one person who walks before it and whose stature is known; pure.

A pinhole camera that hangs at some height over level ground and looks down by some tilt shows a person who stands at
a row of the picture with a height that these two alone decide (Hartley and Zisserman, "Multiple View Geometry", 2nd
ed., 8.1). Both are found by least squares of what is left of every look at right angles to that curve, as both rows of
a look err (Deming 1943), with Tukey's biweight: who crouches, or whose feet are hidden, looks too short and is left
out. Nothing makes people look too tall: how much looks err is told by that side alone, and the other is cut off nearer.
The search for a start is exhaustive, as more than one camera may explain a few looks nearly as well.

How sure it is comes of how far stretches of the walk disagree (looks that follow one another err alike, so that their
number tells little), and of what is only known so well: stature, lens, and how people walk.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.errors import OperatorError
from agent.fitting.looks import Look
from agent.rules.pinhole import focal_of

F64 = NDArray[np.float64]

AHEAD_M, AHEAD_SD_M = 0.2, 0.05
"""How much nearer than the body's middle the foremost shoe is, on an average of a walk: half a shoe and half a step."""
WALKING, WALKING_SD = 0.985, 0.008
"""A body that walks is lower than its stature: bent knees and a stoop outweigh shoes and hair."""
STATURE_SD_M, VIEW_SD = 0.02, 0.01
"""How well people know how tall they are, and makers how wide their lenses see."""
TAPE_SD_M = 0.03
"""How well a height is measured on a ladder."""
LEAST_LOOKS = 60
LEAST_DEPTHS = 1.4
"""The farthest place must be so many times as far away as the nearest (9 of 10 looks lie between)."""
LEAST_AGREED = 0.6
"""The share of looks that must agree with what was found."""
LEAST_SPREAD, MOST_SPREAD, TOO_FAR = 0.008, 0.1, 0.13
"""By how much of their height looks err, as a standard deviation; beyond the last they fit nothing."""
MOST_DEPTH_SE = 0.06
HEIGHTS_M = np.geomspace(1.5, 20.0, 30)
TILTS_RAD = np.radians(np.arange(0.0, 86.0, 3.0))
NEAR = 0.06
"""In the search, a look that is short of so much of a body's height counts as one that does not agree at all."""
MOST_AGAINST = 4.0
"""And one that is too tall by twice as much as so many such."""
TOO_TALL, TOO_SHORT = 4.0, 2.5
"""Where the biweight leaves out, in standard deviations."""
FEW = 20
ROUNDS, STEPS, SEARCHED = 3, 8, 400
BOUNDS = np.array(((HEIGHTS_M[0] / 2, 0.0), (2 * HEIGHTS_M[-1], TILTS_RAD[-1])))
MOST_OFF = 3.5
"""A tape that disagrees by so many standard errors is not believed."""
STRETCH_S = 2.0
"""Looks further apart err on their own."""
LEAST_SINK = 0.02
LEAST_TALL = 0.02
NUDGE = 1e-5
NUDGES = NUDGE * np.eye(2)


class MountUnknown(OperatorError):
    """The walk does not tell how the camera hangs."""


@dataclass(frozen=True, slots=True)
class Mount:
    """How a camera hangs: the lens `height_m` over the floor, looking `tilt_deg` below level through a lens that sees
    `view_deg` from side to side, each of the first two with its standard error.

    `depth_se` is that of places on the floor half way along the walk, as a share of how far they are. Of the `looks`
    the share `agreed` went by it.
    """

    height_m: float
    height_se_m: float
    tilt_deg: float
    tilt_se_deg: float
    view_deg: float
    depth_se: float
    looks: int
    agreed: float


class Lens(NamedTuple):
    """A lens that sees `view_deg` from side to side of a picture with an aspect (width / height)."""

    view_deg: float
    aspect: float

    @property
    def focal(self) -> float:
        """The focal length in frame heights."""
        return focal_of(self.view_deg, self.aspect)


def measure(looks: Sequence[Look], stature_m: float, lens: Lens, tape_m: float | None = None) -> Mount:
    """How the camera hangs before which somebody of a stature walked; `tape_m` is its height by tape.

    Raises MountUnknown, with what to do, where the looks do not tell.
    """
    if len(looks) < LEAST_LOOKS:
        raise MountUnknown(
            f"somebody was seen whole and alone in {len(looks)} pictures only, {LEAST_LOOKS} are needed",
            hint="walk alone for a minute where head and feet are in the picture",
        )
    times, heads, feet = (np.array(column) for column in zip(*looks, strict=True))
    body = _Body(lens.focal, stature_m * WALKING, AHEAD_M)
    fit = _fitted(body, heads, feet, _start(body, heads, feet))
    _check(fit)
    sure = _covariance(fit, times) + _covariance_of_doubts(body, heads, feet, fit)
    at, sure = (fit.at, sure) if tape_m is None else _taped(fit.at, sure, tape_m)
    depth_se = _depth_se(body, at, sure, feet[fit.weights > 0])
    height_se, tilt_se = np.sqrt(np.diagonal(sure)).tolist()
    tilt_deg, tilt_se_deg = float(np.degrees(at[1])), float(np.degrees(tilt_se))
    return Mount(float(at[0]), height_se, tilt_deg, tilt_se_deg, lens.view_deg, depth_se, len(looks), fit.agreed)


class _Body(NamedTuple):
    """What stands before a lens of a `focal` length (frame heights): `tall_m`, its shoes reaching `ahead_m` forward.

    A camera is `at` (2,): its height in metres and its tilt in radians.
    """

    focal: float
    tall_m: float
    ahead_m: float

    def depth(self, rows: F64, at: F64) -> F64:
        """How far before the camera, along the floor, the floor at these rows is; metres, of the rows' shape."""
        height, tilt = at
        v = (rows - 0.5) / self.focal
        sink = np.maximum(v * np.cos(tilt) + np.sin(tilt), LEAST_SINK)
        return np.asarray(height * (np.cos(tilt) - v * np.sin(tilt)) / sink)

    def row(self, depth: float | F64, at: F64, over_m: float = 0.0) -> F64:
        """Where a point so far before the camera and so high over the floor is seen."""
        below, tilt = at[0] - over_m, at[1]
        along = np.maximum(depth * np.cos(tilt) + below * np.sin(tilt), LEAST_SINK)
        return np.asarray(0.5 + self.focal * (below * np.cos(tilt) - depth * np.sin(tilt)) / along)

    def heads(self, feet: F64, at: F64) -> F64:
        """The rows (n,) of the heads of those whose feet are at these rows."""
        return self.row(self.depth(feet, at) + self.ahead_m, at, self.tall_m)

    def misfits(self, heads: F64, feet: F64, at: F64) -> tuple[F64, F64, F64]:
        """How far looks are off, at right angles to what can be, as a share of their height; the feet that fit best,
        and what turns a head's error into such a share. All (n,).
        """
        slopes = (self.heads(feet + NUDGE, at) - self.heads(feet - NUDGE, at)) / (2 * NUDGE)
        off, turned = heads - self.heads(feet, at), 1 + slopes**2
        scale = 1 / np.sqrt(turned) / np.maximum(feet - heads, LEAST_TALL)
        return off * scale, feet + slopes * off / turned, scale

    def leverage(self, feet: F64, at: F64) -> F64:
        """How far the heads over these feet move with the camera's height and tilt, (n, 2)."""
        moved = [self.heads(feet, at + nudge) - self.heads(feet, at - nudge) for nudge in NUDGES]
        return np.stack(moved, axis=1) / (2 * NUDGE)


class _Fit(NamedTuple):
    """A camera `at` (2,), the looks' `misfits`, the `limits` beyond which they do not agree, the `weights` (all (n,))
    and the `leverage` (n, 2) by which they moved it.
    """

    at: F64
    misfits: F64
    limits: F64
    weights: F64
    leverage: F64

    @property
    def agreed(self) -> float:
        """The share of looks that went by it."""
        return float((self.weights > 0).mean())


def _start(body: _Body, heads: F64, feet: F64) -> F64:
    """The camera of a grid with which most looks agree."""
    every = len(heads) // SEARCHED + 1
    few = heads[::every], feet[::every]
    grid = [np.array((height, tilt)) for height in HEIGHTS_M for tilt in TILTS_RAD]

    def against(at: F64) -> float:
        short = body.misfits(*few, at)[0] / NEAR
        return float(np.minimum(short**2, np.where(short > 0, 1.0, MOST_AGAINST)).mean())

    return min(grid, key=against)


def _fitted(body: _Body, heads: F64, feet: F64, at: F64) -> _Fit:
    """The camera that agrees best, from a start near by."""
    for _ in range(ROUNDS):
        spread = min(max(_spread(body.misfits(heads, feet, at)[0]), LEAST_SPREAD), MOST_SPREAD)
        for _ in range(STEPS):
            misfits, best, scale = body.misfits(heads, feet, at)
            limits = spread * np.where(misfits > 0, TOO_SHORT, TOO_TALL)
            weights = np.maximum(1 - (misfits / limits) ** 2, 0.0) ** 2
            leverage = body.leverage(best, at) * scale[:, None]
            pull = leverage.T * weights
            at = at + np.linalg.lstsq(pull @ leverage, pull @ misfits, rcond=None)[0]
            at = np.clip(at, *BOUNDS)
    return _Fit(at, misfits, limits, weights, leverage)


def _spread(misfits: F64) -> float:
    """Their standard deviation, as most have it of those that are too tall, or of all where these are few."""
    tall = misfits[misfits < 0]
    return 1.4826 * float(np.median(np.abs(tall if len(tall) >= FEW else misfits)))


def _check(fit: _Fit) -> None:
    """Raises MountUnknown where the looks do not agree with what was found."""
    off = _spread(fit.misfits)
    if fit.agreed >= LEAST_AGREED and off <= TOO_FAR:
        return
    many = f"{1 - fit.agreed:.0%} of the looks disagree" if off <= TOO_FAR else f"the looks differ by {off:.0%}"
    raise MountUnknown(
        f"what was seen fits no level floor: {many}",
        hint="walk upright, near and far, on level floor, away from what hides your feet; is the stature right?",
    )


def _covariance(fit: _Fit, times: F64) -> F64:
    """That of the camera (2, 2), by how far stretches of the walk disagree (Huber 1967, clustered)."""
    u = (fit.misfits / fit.limits) ** 2
    bend = np.where(u < 1, (1 - u) * (1 - 5 * u), 0.0)
    bread = np.linalg.pinv((fit.leverage.T * bend) @ fit.leverage)
    pulls = fit.leverage * (fit.weights * fit.misfits)[:, None]
    stretch = np.unique(np.floor((times - times[0]) / STRETCH_S), return_inverse=True)[1]
    sums = np.stack([np.bincount(stretch, column) for column in pulls.T], axis=1)
    return np.asarray(bread @ (sums.T @ sums) @ bread * len(sums) / max(len(sums) - 2, 1))


def _covariance_of_doubts(body: _Body, heads: F64, feet: F64, fit: _Fit) -> F64:
    """What the camera would be off by, (2, 2), if stature, gait or lens were off by a standard deviation."""
    doubted = (
        body._replace(tall_m=body.tall_m + STATURE_SD_M),
        body._replace(tall_m=body.tall_m * (1 + WALKING_SD / WALKING)),
        body._replace(ahead_m=body.ahead_m + AHEAD_SD_M),
        body._replace(focal=body.focal * (1 + VIEW_SD)),
    )
    offs = [_fitted(other, heads, feet, fit.at).at - fit.at for other in doubted]
    return np.asarray(sum(np.outer(off, off) for off in offs))


def _taped(at: F64, sure: F64, tape_m: float) -> tuple[F64, F64]:
    """The camera and its covariance with a height by tape taken in (Kalman 1960). Raises MountUnknown."""
    off, variance = tape_m - at[0], sure[0, 0] + TAPE_SD_M**2
    if abs(off) > MOST_OFF * np.sqrt(variance):
        raise MountUnknown(
            f"by tape the camera hangs {tape_m:.2f} m high, by the walk {at[0]:.2f} m",
            hint="measure again from the lens to the floor; is the stature right, and the lens's view?",
        )
    gain = sure[:, 0] / variance
    return at + gain * off, sure - np.outer(gain, sure[0])


def _depth_se(body: _Body, at: F64, sure: F64, feet: F64) -> float:
    """The standard error of depths on the floor, as a share of them, half way along the walk. Raises MountUnknown."""
    near, far = np.quantile(body.depth(feet, at), (0.05, 0.95))
    if far < LEAST_DEPTHS * near:
        raise MountUnknown(
            f"the walk was at one depth, {near:.1f} to {far:.1f} m before the camera",
            hint="walk towards the camera and away from it, from the nearest to the farthest place",
        )
    rows = np.array([body.row(float(np.sqrt(near * far)), at)])
    moves = np.array([body.depth(rows, at + n)[0] - body.depth(rows, at - n)[0] for n in NUDGES]) / (2 * NUDGE)
    share = float(np.sqrt(moves @ sure @ moves) / np.sqrt(near * far))
    if share > MOST_DEPTH_SE:
        raise MountUnknown(
            f"places on the floor would be known to {share:.0%} only",
            hint="walk longer, near and far, with your feet in the picture",
        )
    return share
