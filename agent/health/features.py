"""What a probe of the picture shows beside its reference: pure figures, no judgement.

A probe is a small look at the scene, once a second. Everything is measured where no person hides the background, and
lighting that scales or lifts the picture as a whole is told apart from what happens to its structure.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from hal.ports import F32, U8

Flags = NDArray[np.bool_]

WIDTH, HEIGHT = 160, 120
DETAIL = (320, 240)
TILES = 4
COARSE = (20, 15)
CELLS = (16, 12)
DARK, BRIGHT = 16, 240
EDGE_SHARE = 0.12
"""The strongest gradients of the reference are its edges."""
LEAST_EDGE = 4.0
STILL = 0.75
"""Of the edges; a picture that has as many of them in their places has not moved."""
LEAST_TILE_PIXELS, LEAST_TILE_EDGES = 64, 12
FLAT = 0.35
"""Log texture of a tile that shows nothing but noise."""
PARALLEL = 0.7
"""Cosine between two gradients that show the same edge; a quarter of unrelated ones do by chance."""
CHANCE = 0.25


class Probe(NamedTuple):
    """One look at the scene at `t_s`.

    `luma` is float32 (120, 160), 0..255, averaged; `detail` uint8 (240, 320); `raw` uint8 (about 120, 160), single
    pixels as they came. `hidden` (120, 160) is where people are. `chroma` is the mean of U and V less 128, `colour` by
    how much they differ within the picture (mean deviation in levels): a cast alone is no colour.
    """

    t_s: float
    luma: F32
    detail: U8
    raw: U8
    hidden: Flags
    chroma: tuple[float, float] = (0.0, 0.0)
    colour: float = 0.0


class Sharpness(NamedTuple):
    """Logarithms of the Laplacian: of its variance in the `whole` probe, of its deviation in each of the `cells`
    (12, 16); those are nan where somebody is.
    """

    whole: float
    cells: F32


class Features(NamedTuple):
    """A probe beside its reference.

    `dark`, `bright` and `edges` are shares; `mean` is grey levels; `gain` the contrast over the reference's; `coarse`
    and `agreement` are correlations, -1..1, of the blurred picture and of the picture moved back by `shift` (widths of
    the picture). `sharp` and `tiles` (16,) are natural logarithms of variance and of deviation over the reference's;
    `tile_edges` (16,) shares; nan where a tile shows too little. `flat` (16,) are tiles with no more than a sensor's
    noise, `tile_light` (16,) logarithms of their grey levels over the reference's. `banding` is in grey levels;
    `colour` and `cells` (12, 16; see Sharpness) are the probe's own.
    """

    dark: float
    bright: float
    mean: float
    gain: float
    coarse: float
    edges: float
    sharp: float
    cells: F32
    tiles: F32
    tile_edges: F32
    flat: Flags
    tile_light: F32
    shift: float
    agreement: float
    banding: float
    colour: float


class Reference(NamedTuple):
    """A scene as it usually looks; made by `reference_of`."""

    luma: F32
    structure: F32
    coarse: F32
    gradient: tuple[F32, F32]
    edges: Flags
    sharp: float
    tiles: F32
    tile_light: F32


def reference_of(luma: F32, sharp: float) -> Reference:
    """What probes are compared with. `sharp` is the log sharpness that probes of this scene have."""
    gradient = _gradient(luma)
    strength = cv2.magnitude(*gradient)
    edges = np.asarray(strength > max(float(np.quantile(strength, 1 - EDGE_SHARE)), LEAST_EDGE))
    texture, light = _tiled(luma, np.ones_like(edges))
    return Reference(luma, _structure(luma), _coarse(luma), gradient, edges, sharp, texture, light)


def sharpness(probe: Probe) -> Sharpness:
    """How sharp a probe is where nobody is."""
    laplacian = cv2.Laplacian(probe.detail, cv2.CV_16S)
    free = cv2.resize((~probe.hidden).astype(np.uint8), DETAIL, interpolation=cv2.INTER_NEAREST)
    _, deviation = cv2.meanStdDev(laplacian, mask=free)
    cells = 0.5 * np.log(cv2.resize(laplacian.astype(np.float32) ** 2, CELLS, interpolation=cv2.INTER_AREA) + 0.1)
    cells[cv2.resize(free.astype(np.float32), CELLS, interpolation=cv2.INTER_AREA) < 1.0] = np.nan
    return Sharpness(float(np.log(deviation[0, 0] ** 2 + 0.1)) if free.any() else 0.0, _f32(cells))


def compare(probe: Probe, reference: Reference) -> Features:
    """Measure a probe beside a reference; a good part of it must not be hidden."""
    free, luma = ~probe.hidden, probe.luma
    seen = luma[free]
    gain = _gain(seen, reference.luma[free])
    held = _held_edges(luma, reference) & free
    known = reference.edges & free
    edges = float(held.sum() / known.sum()) if known.any() else 1.0
    shift, agreement = _moved_back(luma, reference, free, still=edges >= STILL)
    texture, light = _tiled(luma, free)
    sharp = sharpness(probe)
    return Features(
        dark=float((seen < DARK).mean()),
        bright=float((seen > BRIGHT).mean()),
        mean=float(seen.mean()),
        gain=gain,
        coarse=_correlation(_coarse(luma), reference.coarse, _coarse(free.astype(np.float32)) > 0.5),
        edges=edges,
        sharp=sharp.whole - reference.sharp,
        cells=sharp.cells,
        tiles=texture - reference.tiles,
        tile_edges=_tile_share(held, known),
        flat=np.asarray(texture < FLAT),
        tile_light=light - reference.tile_light,
        shift=shift,
        agreement=agreement,
        banding=_banding(luma - reference.luma, free),
        colour=probe.colour,
    )


def likeness(probe: Probe, reference: Reference) -> tuple[float, float]:
    """Whether the light is the same: contrast over the reference's, and the correlation of both much reduced."""
    free = ~probe.hidden
    coarse = _correlation(_coarse(probe.luma), reference.coarse, _coarse(free.astype(np.float32)) > 0.5)
    return _gain(probe.luma[free], reference.luma[free]), coarse


def _gain(seen: F32, usual: F32) -> float:
    """Slope of the least-squares line from the reference's grey levels to the probe's."""
    spread = float(usual.var())
    return float(((usual - usual.mean()) * (seen - seen.mean())).mean() / spread) if spread > 1e-3 else 1.0


def _correlation(a: F32, b: F32, free: Flags) -> float:
    """Normalised cross-correlation where it is free; 0 where one is flat."""
    x, y = a[free], b[free]
    if x.size < 8:
        return 0.0
    x, y = x - x.mean(), y - y.mean()
    norm = float(np.sqrt((x * x).sum() * (y * y).sum()))
    return float((x * y).sum()) / norm if norm > 1e-3 else 0.0


def _coarse(picture: F32) -> F32:
    return _f32(cv2.resize(picture, COARSE, interpolation=cv2.INTER_AREA))


def _gradient(luma: F32) -> tuple[F32, F32]:
    return _f32(cv2.Sobel(luma, cv2.CV_32F, 1, 0, scale=0.25)), _f32(cv2.Sobel(luma, cv2.CV_32F, 0, 1, scale=0.25))


def _held_edges(luma: F32, reference: Reference) -> Flags:
    """Where an edge of the reference is there still: a gradient of like direction, whatever the light."""
    (x, y), (usual_x, usual_y) = _gradient(luma), reference.gradient
    along = x * usual_x + y * usual_y
    own = cv2.magnitude(x, y) * cv2.magnitude(usual_x, usual_y)
    return np.asarray(reference.edges & (along > PARALLEL * own) & (own > 0))


def _structure(luma: F32) -> F32:
    """What is left of a wide blur, even-handed between strong and weak edges: the scene without its lighting."""
    high = luma - cv2.GaussianBlur(luma, (0, 0), 5)
    return _f32(high / (cv2.GaussianBlur(np.abs(high), (0, 0), 8) + 2.0))


def _moved_back(luma: F32, reference: Reference, free: Flags, *, still: bool) -> tuple[float, float]:
    """How far the scene has moved in widths of the picture, and how well it agrees once moved back.

    Phase correlation (Kuglin and Hines 1975) of the structure; people are left out on both sides. That costs as much as
    everything else, so it is not asked of a picture that stands `still`.
    """
    if still:
        return 0.0, _correlation(luma, reference.luma, free)
    here = free.astype(np.float32)
    window = cv2.createHanningWindow((WIDTH, HEIGHT), cv2.CV_32F)
    (dx, dy), _ = cv2.phaseCorrelate(reference.structure * here, _structure(luma) * here, window)
    back = np.array([[1, 0, -dx], [0, 1, -dy]], np.float32)
    moved = _f32(cv2.warpAffine(luma, back, (WIDTH, HEIGHT)))
    inside = cv2.warpAffine(here, back, (WIDTH, HEIGHT), flags=cv2.INTER_NEAREST) > 0.5
    return float(np.hypot(dx, dy) / WIDTH), _correlation(moved, reference.luma, np.asarray(inside & free))


def _tiled(luma: F32, free: Flags) -> tuple[F32, F32]:
    """Logs of the high-pass deviation and of the grey level in each of 4 x 4 tiles; nan where little is free."""
    high, weight = _by_tile(luma - cv2.blur(luma, (9, 9))), _by_tile(free.astype(np.float32))
    count = np.maximum(weight.sum(1), 1.0)
    mean = (high * weight).sum(1) / count
    variance = (high * high * weight).sum(1) / count - mean * mean
    texture = np.log(np.sqrt(np.maximum(variance, 0.0)) + 0.5)
    light = np.log((_by_tile(luma) * weight).sum(1) / count + DARK)
    texture[count < LEAST_TILE_PIXELS] = light[count < LEAST_TILE_PIXELS] = np.nan
    return _f32(texture), _f32(light)


def _tile_share(held: Flags, known: Flags) -> F32:
    counts = _by_tile(known).sum(1)
    share = _by_tile(held).sum(1) / np.maximum(counts, 1)
    share[counts < LEAST_TILE_EDGES] = np.nan
    return _f32(share)


def _by_tile(picture: NDArray[Any]) -> NDArray[Any]:
    """(120, 160) to (16, pixels of a tile)."""
    rows, columns = HEIGHT // TILES, WIDTH // TILES
    return picture.reshape(TILES, rows, TILES, columns).swapaxes(1, 2).reshape(TILES * TILES, rows * columns)


def _banding(residual: F32, free: Flags) -> float:
    """The strongest wave along the rows' means, in grey levels; what changes slowly down the picture is left out."""
    counts = free.sum(1)
    rows = np.where(counts > WIDTH // 8, (residual * free).sum(1) / np.maximum(counts, 1), 0.0).astype(np.float32)
    waves = rows - cv2.blur(rows[:, None], (1, 31))[:, 0]
    return float((np.abs(np.fft.rfft(waves))[4:] * 2 / HEIGHT).max())


def _f32(picture: Any) -> F32:
    """OpenCV's arrays under their true type."""
    return np.asarray(picture, np.float32)
