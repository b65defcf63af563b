"""Privacy masks: areas burnt into luma and chroma of every picture, before anything else sees it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hal.ports import Camera, CameraInfo, Frame, Polygon, Yuv420

LUMA, CHROMA = 16, 128
_SPREAD = 3
"""How many pixels round a mask a scaled picture may take from under it: the reach of a bicubic filter, and one."""


class Masks:
    """The same areas for pictures of any size; every pixel that an area touches is burnt, and `_SPREAD` around it."""

    def __init__(self, polygons: Sequence[Polygon]) -> None:
        self._polygons = [np.asarray(polygon, np.float64) for polygon in polygons]
        self._covers: dict[tuple[int, int], NDArray[np.bool_]] = {}
        self._bounds: dict[tuple[int, int], tuple[slice, slice, NDArray[np.bool_]]] = {}

    def __bool__(self) -> bool:
        return bool(self._polygons)

    def burn(self, picture: Yuv420) -> None:
        """Make the areas black, in place. The planes must be writable."""
        for part, value in ((picture.y, LUMA), (picture.u, CHROMA), (picture.v, CHROMA)):
            rows, columns, cover = self._tight(part.shape[1], part.shape[0])
            np.copyto(part[rows, columns], value, where=cover)

    def burnt(self, picture: Yuv420) -> Yuv420:
        """A copy with the areas made black; for planes that belong to a decoder, which still needs them as they are."""
        copy = Yuv420(picture.y.copy(), picture.u.copy(), picture.v.copy())
        self.burn(copy)
        return copy

    def cover(self, width: int, height: int) -> NDArray[np.bool_]:
        """Which pixels of a plane of this size are burnt; bool (height, width)."""
        if (width, height) not in self._covers:
            cover = np.zeros((height, width), np.bool_)
            for polygon in self._polygons:
                cover |= _inside(polygon, width, height)
                _draw_edges(cover, polygon)
            self._covers[width, height] = _spread(cover, _SPREAD)
        return self._covers[width, height]

    def _tight(self, width: int, height: int) -> tuple[slice, slice, NDArray[np.bool_]]:
        """The rows and columns that hold burnt pixels, and which of those are."""
        if (width, height) not in self._bounds:
            cover = self.cover(width, height)
            rows, columns = _extent(cover.any(axis=1)), _extent(cover.any(axis=0))
            self._bounds[width, height] = rows, columns, cover[rows, columns]
        return self._bounds[width, height]


class MaskedCamera:
    """A camera whose frames are masked before anybody gets them."""

    def __init__(self, camera: Camera, masks: Masks) -> None:
        self._camera = camera
        self._masks = masks

    def open(self) -> CameraInfo:
        return self._camera.open()

    def read(self, timeout_s: float) -> Frame | None:
        frame = self._camera.read(timeout_s)
        if frame is None:
            return None
        main = self._masks.burnt(frame.main)
        lores = main if frame.lores is frame.main else self._masks.burnt(frame.lores)
        return Frame(frame.index, frame.t_s, main, lores)

    def close(self) -> None:
        self._camera.close()


def masked(camera: Camera, polygons: Sequence[Polygon]) -> Camera:
    """The camera as everybody may see it."""
    return MaskedCamera(camera, Masks(polygons)) if polygons else camera


def _extent(used: ArrayLike) -> slice:
    """From the first to the last place that is used."""
    places = np.flatnonzero(used)
    return slice(int(places[0]), int(places[-1]) + 1)


def _inside(polygon: NDArray[np.float64], width: int, height: int) -> NDArray[np.bool_]:
    """The pixels whose centre is inside (even-odd rule)."""
    x = (np.arange(width) + 0.5) / width
    y = ((np.arange(height) + 0.5) / height)[:, None]
    inside = np.zeros((height, width), np.bool_)
    for (x1, y1), (x2, y2) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        if y1 != y2:
            crossing = (y1 > y) != (y2 > y)
            with np.errstate(over="ignore"):  # far from an edge that is nearly level; there it is not asked
                at = (x2 - x1) * (y - y1) / (y2 - y1) + x1
            inside ^= crossing & (x < at)
    return inside


def _draw_edges(cover: NDArray[np.bool_], polygon: NDArray[np.float64]) -> None:
    """Add every pixel that an edge runs through, so that a narrow area is not missed between pixel centres."""
    height, width = cover.shape
    for start, end in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        steps = 2 * (width + height)
        points = start + (end - start) * np.linspace(0, 1, steps)[:, None]
        columns = np.clip((points[:, 0] * width).astype(int), 0, width - 1)
        rows = np.clip((points[:, 1] * height).astype(int), 0, height - 1)
        cover[rows, columns] = True


def _spread(cover: NDArray[np.bool_], pixels: int) -> NDArray[np.bool_]:
    for _ in range(pixels):
        wider = cover.copy()
        wider[1:] |= cover[:-1]
        wider[:-1] |= cover[1:]
        cover = wider.copy()
        cover[:, 1:] |= wider[:, :-1]
        cover[:, :-1] |= wider[:, 1:]
    return cover
