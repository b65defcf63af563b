"""Puts people into the empty shop: shadows, figures hidden by furniture, sensor noise; straight into YUV 4:2:0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from hal.ports import Yuv420
from hal.simulated.backdrop import Backdrop, backdrop, light_at, plane_nearness
from hal.simulated.figure import Body
from hal.simulated.goods import bared, front_of
from hal.simulated.paint import Discs, Patch, paint, project_spheres, region
from hal.simulated.people import Look
from hal.simulated.scenery import USUAL, Furnishing, Scenery, shine
from hal.simulated.sheets import u8
from hal.simulated.shop import Layout

F64 = NDArray[np.float64]
U8 = NDArray[np.uint8]
Roi = tuple[int, int, int, int]


class Light(StrEnum):
    """How the scene is lit: shop lights, or the camera's own infrared lamp in a dark shop."""

    DAY = "day"
    NIGHT = "night"


@dataclass(frozen=True, slots=True)
class Figure:
    """One person ready to be drawn."""

    id: int
    look: Look
    body: Body
    discs: Discs
    floor: tuple[float, float]


_TO_YUV = np.array([[65.738, 129.057, 25.064], [-37.945, -74.494, 112.439], [112.439, -94.154, -18.285]]) / 256
_YUV_ZERO = np.array([16.0, 128.0, 128.0])
_NOISE = {Light.DAY: (7, 4.5), Light.NIGHT: (14, 6.5)}
"""Mean and spread of the noise added to the luma; the backdrop is lowered by the mean beforehand."""


def to_yuv(rgb: U8) -> F64:
    """RGB (..., 3) as limited-range BT.601 YUV, float64."""
    return np.asarray(rgb @ _TO_YUV.T + _YUV_ZERO)


class Renderer:
    """Renders one layout at one size. Not thread-safe; frames it returned stay valid."""

    def __init__(self, layout: Layout, width: int, height: int, light: Light = Light.DAY, *, detail: float = 2.0):
        self.width, self.height = width, height
        self._plan, self._light, self._detail = layout, light, detail
        self._even = (width + width % 2, height + height % 2)
        self._mean, self._spread = _NOISE[light]
        self._noise = _noise_tile(self._even, self._mean, self._spread)
        self._furnish(USUAL.furnishing)

    def render(self, figures: Sequence[Figure], index: int, scenery: Scenery = USUAL) -> Yuv420:
        """The picture of these people; `index` chooses the noise."""
        if scenery.furnishing != self._furnishing:
            self._furnish(scenery.furnishing)
        y, u, v = (plane.copy() for plane in self._base)
        if scenery.sun:
            shine(y, self._empty.floor, scenery.sun, self._layout)
        order = sorted(figures, key=lambda f: -self._distance(f))
        for figure in order:
            self._cast_shadow(y, figure)
        for figure in order:
            self._draw(y, u, v, figure)
        scenery.tremble(y, u, v)
        rng = np.random.default_rng((self._layout.style, index))
        dy, dx = rng.integers(0, 64, 2)
        cv2.add(y, self._noise[dy : dy + y.shape[0], dx : dx + y.shape[1]], dst=y)
        scenery.expose(y, u, v, index)
        scenery.code(y, u, v)
        w, h = self.width, self.height
        return Yuv420(y[:h, :w], u[: (h + 1) // 2, : (w + 1) // 2], v[: (h + 1) // 2, : (w + 1) // 2])

    def _furnish(self, furnishing: Furnishing) -> None:
        """Make the empty shop ready, with the goods that are gone cut out of it."""
        self._furnishing = furnishing
        self._layout = furnishing.of(self._plan)
        self._empty = backdrop(self._layout, *self._even, self._detail)
        self._base = _planes(self._empty, self._light, self._mean)
        if furnishing.gone:
            front = front_of(self._plan, self._even[0], self._detail)
            bare = backdrop(bared(self._layout, front.block), *self._even, self._detail)
            gone = front.mask(furnishing.gone, self._even)
            for plane, empty in zip(self._base, _planes(bare, self._light, self._mean), strict=True):
                np.copyto(plane, empty, where=u8(cv2.resize(gone, plane.shape[::-1])) > 127)

    def _distance(self, figure: Figure) -> float:
        x, y, _ = self._layout.optics.position
        return float(np.hypot(figure.floor[0] - x, figure.floor[1] - y))

    def _draw(self, y: U8, u: U8, v: U8, figure: Figure) -> None:
        patch = paint(figure.body, figure.discs, figure.look.grain, *self._even)
        if patch is None:
            return
        x0, y0, x1, y1 = patch.roi
        size, half = (x1 - x0, y1 - y0), ((x1 - x0) // 2, (y1 - y0) // 2)
        visible = self._unhidden(figure, patch.roi)
        luma, chroma = self._inks(figure, patch)
        body = _opaque(patch.inks)
        _blend(y[y0:y1, x0:x1], _through(luma, visible, size), _through(body, visible, size))
        area = (slice(y0 // 2, y1 // 2), slice(x0 // 2, x1 // 2))
        visible = _shrink(visible, half)
        for plane, colour in zip((u, v), chroma, strict=True):
            _blend(plane[area], _through(colour, visible, half), _through(body, visible, half))

    def _inks(self, figure: Figure, patch: Patch) -> tuple[U8, list[U8]]:
        """Luma with relief and light, and the two chroma planes, all at the patch's own scale."""
        yuv = to_yuv(figure.look.palette[0])
        if self._light is Light.NIGHT:
            yuv = np.column_stack([50 + 0.62 * yuv[:, 0], np.full(len(yuv), 128.0), np.full(len(yuv), 128.0)])
        yuv[0] = 0
        table = np.zeros((3, 256), np.uint8)
        table[:, : len(yuv)] = np.clip(yuv.T, 0, 255).astype(np.uint8)
        luma = cv2.multiply(cv2.LUT(patch.inks, table[0]), patch.shade, scale=self._gain(figure) / 128)
        return u8(luma), [u8(cv2.LUT(patch.inks, row)) for row in table[1:]]

    def _gain(self, figure: Figure) -> float:
        if self._light is Light.NIGHT:
            return _infrared(self._distance(figure))
        return 0.71 * float(light_at(np.array([*figure.floor, 1.2]), self._layout))

    def _unhidden(self, figure: Figure, roi: Roi) -> U8:
        """255 where nothing of the shop stands before the person, with a soft edge."""
        x0, y0, x1, y1 = roi
        px, py, _ = self._layout.optics.position
        normal = np.array([figure.floor[0] - px, figure.floor[1] - py, 0.0])
        near = plane_nearness(self._layout.optics, np.array([*figure.floor, 0.0]), normal, self._even, roi)
        depth = max(self._distance(figure), 0.3)
        hidden = self._empty.nearness[y0:y1, x0:x1] > near + 0.12 / depth**2
        mask = np.where(hidden & (self._empty.floor[y0:y1, x0:x1] == 0), np.uint8(0), np.uint8(255))
        return u8(cv2.blur(mask, (2, 2)) if hidden.any() else mask)

    def _cast_shadow(self, y: U8, figure: Figure) -> None:
        """A soft dark patch under the feet, drawn out away from the nearest lamp."""
        if self._light is Light.NIGHT:
            return
        outlines = self._shadow_outlines(figure)
        everything = np.concatenate(outlines)
        low, high = everything.min(0) - 0.02, everything.max(0) + 0.02
        roi = region((low[0], low[1], high[0], high[1]), *self._even)
        if roi is None or not np.isfinite(everything).all():
            return
        x0, y0, x1, y1 = roi
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        for outline, dark in zip(outlines, (52, 105), strict=True):
            points = np.round(outline * self._even - (x0, y0)).astype(np.int32)
            cv2.fillConvexPoly(mask, cv2.convexHull(points), dark)
            soft = max(3, int((outline[:, 0].max() - outline[:, 0].min()) * self._even[0] * 0.22)) | 1
            mask = u8(cv2.blur(mask, (soft, max(3, soft // 2 | 1))))
        mask = u8(cv2.bitwise_and(mask, self._empty.floor[y0:y1, x0:x1]))
        target = y[y0:y1, x0:x1]
        cv2.multiply(target, cv2.bitwise_not(mask), dst=target, scale=1 / 255)

    def _shadow_outlines(self, figure: Figure) -> list[F64]:
        """Floor outlines as seen: a long faint one, then the contact under the body."""
        foot = np.array(figure.floor)
        lamps = [np.array(lamp.at) for lamp in self._layout.lamps] or [foot]
        away = foot - min(lamps, key=lambda at: float(np.hypot(*(foot - at))))
        away = away / max(float(np.hypot(*away)), 0.6)
        ring = np.stack([np.cos(np.arange(16) * np.pi / 8), np.sin(np.arange(16) * np.pi / 8)], axis=1)
        wide = np.concatenate([foot + 0.24 * ring, foot + 0.75 * away + 0.3 * ring])
        outlines = (np.column_stack([points, np.zeros(len(points))]) for points in (wide, foot + 0.2 * ring))
        return [self._layout.optics.project(points)[0] for points in outlines]


def _opaque(inks: U8) -> U8:
    return u8(cv2.threshold(inks, 0, 255, cv2.THRESH_BINARY)[1])


def _shrink(picture: U8, size: tuple[int, int]) -> U8:
    return u8(cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR))


def _through(picture: U8, visible: U8, size: tuple[int, int]) -> U8:
    """A picture at its final size, faded out where it is hidden."""
    return u8(cv2.multiply(_shrink(picture, size), visible, scale=1 / 255))


def _blend(target: U8, paint_over: U8, alpha: U8) -> None:
    """Lay premultiplied paint over a plane, in place."""
    kept = cv2.multiply(target, cv2.bitwise_not(alpha), scale=1 / 255)
    cv2.add(kept, paint_over, dst=target)


def _infrared(distance_m: float) -> float:
    """How bright the camera's own lamp leaves a person at a distance."""
    return float(np.clip(1.25 - 0.11 * distance_m, 0.3, 1.05))


def _planes(empty: Backdrop, light: Light, lower: int) -> tuple[U8, U8, U8]:
    """The backdrop as planes, with room left for the noise."""
    h, w = empty.rgb.shape[:2]
    if light is Light.NIGHT:
        grey = cv2.cvtColor(empty.rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
        ys, xs = np.mgrid[-1 : 1 : h * 1j, -1 : 1 : w * 1j]
        spot = np.exp(-0.8 * (xs**2 + ys**2))
        falloff = np.clip(0.15 + 1.6 * np.clip(empty.nearness, 0.05, 0.4), 0, 0.7) * (0.35 + 0.65 * spot)
        y = np.clip(16 + grey * falloff * 0.8 - lower, 0, 235).astype(np.uint8)
        return y, *(np.full((h // 2, w // 2), 128, np.uint8) for _ in range(2))
    stacked = u8(cv2.cvtColor(empty.rgb, cv2.COLOR_RGB2YUV_I420))
    u, v = stacked[h:].reshape(2, h // 2, w // 2)
    y = u8(cv2.subtract(stacked[:h], np.full((h, w), lower, np.uint8)))
    return y, u, v


def _noise_tile(size: tuple[int, int], mean: int, spread: float) -> U8:
    """Noise larger than the picture, so that every frame can show another part of it."""
    rng = np.random.default_rng(size[0])
    noise = rng.normal(mean, spread, (size[1] + 64, size[0] + 64))
    return np.clip(np.round(noise), 0, 255).astype(np.uint8)


def figure_of(number: int, look: Look, body: Body, layout: Layout, floor: tuple[float, float]) -> Figure:
    """A posed person projected for a layout's camera."""
    return Figure(number, look, body, project_spheres(body.spheres, layout.optics), floor)
