"""What somebody's clothes look like in one frame: colour histograms of the upper and the lower body.

Colours are first freed of the light's cast and strength by the gray-world assumption (Buchsbaum, A spatial processor
model for object colour perception, 1980): the background is taken for grey of a middle brightness. Histograms are
compared by their Hellinger distance, the root of 1 - the Bhattacharyya coefficient, as in Comaniciu, Ramesh and Meer,
Kernel-based object tracking, 2003. A look is some numbers about colours; no picture can be made from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.domain import Box
from hal.ports import Yuv420

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]

UPPER, LOWER = (0.16, 0.48), (0.53, 0.88)
"""From where to where in a box the two halves of the body reach, from its top."""
SIDES = (0.28, 0.72)
ROWS, COLUMNS = 14, 8
"""So many points of each half are looked at."""
BLACK, WHITE_SPAN, GREY = 16.0, 219.0, 128.0
MIDDLE = 100.0
"""The background's mean luma above black, after correction."""
DARKEST = 8.0
CHROMA_BINS, CHROMA_STEP, CHROMA_UNIT = 7, 0.8, 9.0
LUMA_BINS = 7
HALF = CHROMA_BINS * CHROMA_BINS + LUMA_BINS
SIZE = 2 * HALF
"""How many numbers a look has."""
GRID = 24
"""The background is read at every so many pixels."""
OUTLYING = 0.25
"""The share of the looks that is left out of an average: those least like the others."""
ALIKE, PER_ODDS, MOST_ODDS = 0.22, 0.04, 4.0
"""At this distance looks say nothing; every `PER_ODDS` nearer makes the same person e times as likely."""


class Cast(NamedTuple):
    """The light on the scene: the background's mean luma above black, and its mean U and V off grey.

    `colour` is how much U and V vary over the picture; next to nothing by infrared light.
    """

    luma: float
    u: float
    v: float
    colour: float


def cast_of(picture: Yuv420, people: Sequence[Box]) -> Cast:
    """The cast of the background, people left out; of the whole picture where they leave nothing."""
    luma = picture.y[::GRID, ::GRID].astype(np.float32) - BLACK
    rows, columns = luma.shape
    u, v = (
        plane[:: GRID // 2, :: GRID // 2][:rows, :columns].astype(np.float32) - GREY for plane in (picture.u, picture.v)
    )
    free = np.ones((rows, columns), bool)
    for x1, y1, x2, y2 in people:
        free[_span(y1, y2, rows), _span(x1, x2, columns)] = False
    if not free.any():
        free[:] = True
    colour = float(np.hypot(u.std(), v.std()))
    return Cast(float(luma[free].mean()), float(u[free].mean()), float(v[free].mean()), colour)


def _span(low: float, high: float, count: int) -> slice:
    return slice(max(int(low * count), 0), max(int(high * count) + 1, 0))


def body_points(box: Box) -> F32:
    """Where in the picture (0..1) to look at a body: (2 * ROWS * COLUMNS, 2), the upper half of the body first."""
    unit = _UNIT_POINTS * np.array([box.width, box.height], np.float32)
    return unit + np.array([box.x1, box.y1], np.float32)


def body_samples(picture: Yuv420, box: Box) -> F32:
    """Y, U and V, 0..255, at the points of a body: float32 (2 * ROWS * COLUMNS, 3)."""
    height, width = picture.u.shape
    places = (body_points(box) * np.array([width, height], np.float32)).astype(np.int64)
    column, row = np.clip(places[:, 0], 0, width - 1), np.clip(places[:, 1], 0, height - 1)
    samples = np.empty((len(places), 3), np.float32)
    samples[:, 0], samples[:, 1], samples[:, 2] = (
        picture.y[2 * row, 2 * column], picture.u[row, column], picture.v[row, column],
    )  # fmt: skip
    return samples


def look_of(samples: F32, cast: Cast) -> F32:
    """The look of a body from its samples, one half after the other: float32 (SIZE,), all of it together 1.

    For each half, half the weight is for U and V together, half for the luma. Every sample is shared out between the
    nearest bins; steps of U and V are fine near grey and coarse far from it, as most clothes are dull.
    """
    luma, u, v = _corrected(samples, cast)
    u0, wu = _bins(np.arcsinh(u / CHROMA_UNIT) / CHROMA_STEP + (CHROMA_BINS - 1) / 2, CHROMA_BINS)
    v0, wv = _bins(np.arcsinh(v / CHROMA_UNIT) / CHROMA_STEP + (CHROMA_BINS - 1) / 2, CHROMA_BINS)
    y0, wy = _bins(np.sqrt(np.clip(luma / WHITE_SPAN, 0.0, 1.0)) * (LUMA_BINS - 1), LUMA_BINS)
    half = np.repeat((0, HALF), len(samples) // 2)
    chroma, luma_bin = half + u0 * CHROMA_BINS + v0, half + CHROMA_BINS**2 + y0
    bins = (chroma, chroma + 1, chroma + CHROMA_BINS, chroma + CHROMA_BINS + 1, luma_bin, luma_bin + 1)
    weights = ((1 - wu) * (1 - wv), (1 - wu) * wv, wu * (1 - wv), wu * wv, 1 - wy, wy)
    counts = np.bincount(np.concatenate(bins), np.concatenate(weights), SIZE)
    return np.asarray(counts / (2 * len(samples)), np.float32)


def hellinger(a: F32, b: F32) -> float:
    """The distance of two looks, 0 (the same) to 1."""
    return float(np.sqrt(max(1.0 - float(np.sqrt(a * b).sum()), 0.0)))


def averaged(looks: Sequence[F32]) -> F32:
    """The mean of looks without the outlying ones, as when somebody stood before the person for once."""
    stacked = np.stack(looks)
    middle: F32 = stacked.mean(0)
    drop = int(len(looks) * OUTLYING)
    if drop:
        kept = np.argsort([hellinger(look, middle) for look in looks])[: len(looks) - drop]
        middle = stacked[kept].mean(0)
    return middle


def same_odds(a: F32, b: F32) -> float:
    """How much two looks speak for being of the same person, in log-odds."""
    return max(min((ALIKE - hellinger(a, b)) / PER_ODDS, MOST_ODDS), -MOST_ODDS)


def _corrected(samples: F32, cast: Cast) -> tuple[F32, F32, F32]:
    """Luma, U and V in a light that leaves the background grey: a cast grows with the luma, as von Kries' gains do."""
    bright = max(cast.luma, DARKEST)
    luma = samples[:, 0] - np.float32(BLACK)
    share, gain = luma / np.float32(bright), np.float32(MIDDLE / bright)
    u = samples[:, 1] - np.float32(GREY) - np.float32(cast.u) * share
    v = samples[:, 2] - np.float32(GREY) - np.float32(cast.v) * share
    return luma * gain, u * gain, v * gain


def _bins(places: F32, count: int) -> tuple[I64, F32]:
    """The lower of the two bins next to each place, and the share of the upper one."""
    places = np.clip(places, 0.0, count - 1.0)
    first = np.minimum(places.astype(np.int64), count - 2)
    return first, np.asarray(places - first, np.float32)


def _unit_points() -> F32:
    rows = np.concatenate([np.linspace(*span, ROWS) for span in (UPPER, LOWER)])
    columns = np.linspace(*SIDES, COLUMNS)
    points = np.stack([np.tile(columns, len(rows)), np.repeat(rows, COLUMNS)], axis=1)
    return points.astype(np.float32)


_UNIT_POINTS = _unit_points()
