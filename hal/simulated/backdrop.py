"""The empty shop, rendered once: textured surfaces with baked light, and how far away every pixel is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from hal.simulated.optics import NEAR_M, Optics
from hal.simulated.sheets import u8
from hal.simulated.shop import WALLS, Block, Decal, Layout
from hal.simulated.textures import TEXTURES

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
U8 = NDArray[np.uint8]

AMBIENT = 0.54
"""Light that reaches every surface, as a share of full light."""


@dataclass(frozen=True, slots=True)
class Backdrop:
    """A rendered empty scene.

    `rgb` uint8 (h, w, 3); `nearness` float32 (h, w), 1 / depth along the optical axis in 1/m; `floor` uint8 (h, w),
    255 where the floor is seen.
    """

    rgb: U8
    nearness: F32
    floor: U8


@dataclass(frozen=True, slots=True)
class Surface:
    """A rectangle in space: `corner` is its top left in the texture, `across` and `down` span it (metres)."""

    corner: F64
    across: F64
    down: F64
    texture: str
    lift: float = 0.0
    shade: float = 1.0
    is_floor: bool = False

    @property
    def size_m(self) -> tuple[float, float]:
        """How wide and how high it is."""
        return float(np.linalg.norm(self.across)), float(np.linalg.norm(self.down))


@lru_cache(maxsize=12)
def backdrop(layout: Layout, width: int, height: int, oversample: float = 2.0) -> Backdrop:
    """Render the empty shop; `oversample` pixels a side are averaged for smooth edges."""
    big = (round(width * oversample), round(height * oversample))
    canvas = _Canvas(layout, big)
    for number, surface in enumerate(surfaces(layout)):
        canvas.draw(surface, chance(layout, number, surface))
    size, far = (width, height), cv2.INTER_NEAREST
    rgb = cv2.resize(canvas.rgb, size, interpolation=cv2.INTER_AREA)
    nearness = cv2.resize(canvas.nearness, size, interpolation=far)
    floor = cv2.resize(canvas.floor, size, interpolation=far)
    return Backdrop(u8(rgb), np.asarray(nearness, np.float32), u8(floor))


class _Canvas:
    """The picture being built, with its depth buffer."""

    def __init__(self, layout: Layout, size: tuple[int, int]) -> None:
        self._layout, self._size = layout, size
        self.rgb: U8 = np.full((size[1], size[0], 3), (206, 216, 226), np.uint8)
        self.nearness: F32 = np.zeros((size[1], size[0]), np.float32)
        self.floor: U8 = np.zeros((size[1], size[0]), np.uint8)

    def draw(self, surface: Surface, rng: np.random.Generator) -> None:
        """Warp one surface in, where it is nearer than what is there."""
        roi = self._extent(surface)
        if roi is None:
            return
        x0, y0, x1, y1 = roi
        ppm = detail(surface, self._layout, self._size[0])
        texture = _lit(surface, self._layout, ppm, rng)
        to_picture = self._homography(surface, texture.shape, (x0, y0))
        size = (x1 - x0, y1 - y0)
        drawn = cv2.warpPerspective(texture, to_picture, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        inside = np.zeros((size[1], size[0]), np.uint8)
        cv2.fillPoly(inside, [np.round(self._outline(surface) - (x0, y0)).astype(np.int32)], 255)
        near = self._plane_nearness(surface, roi)
        held = self.nearness[y0:y1, x0:x1]
        won = (inside > 0) & (near + surface.lift > held)
        held[won] = near[won]
        self.rgb[y0:y1, x0:x1][won] = drawn[won]
        self.floor[y0:y1, x0:x1][won] = 255 if surface.is_floor else 0

    def _outline(self, surface: Surface) -> F64:
        """The surface's polygon in pixels, cut at the lens plane."""
        c, a, d = surface.corner, surface.across, surface.down
        corners = self._layout.optics.view(np.array([c, c + a, c + a + d, c + d]))
        kept = []
        for p, q in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            if p[2] >= NEAR_M:
                kept.append(p)
            if (p[2] >= NEAR_M) != (q[2] >= NEAR_M):
                kept.append(p + (NEAR_M - p[2]) / (q[2] - p[2]) * (q - p))
        front = np.array(kept).reshape(-1, 3)
        return np.asarray((front[:, :2] / front[:, 2:] * self._layout.optics.focal + 0.5) * self._size)

    def _extent(self, surface: Surface) -> tuple[int, int, int, int] | None:
        outline = self._outline(surface)
        if len(outline) < 3:
            return None
        (x0, y0), (x1, y1) = np.floor(outline.min(0)), np.ceil(outline.max(0)) + 1
        box = max(int(x0), 0), max(int(y0), 0), min(int(x1), self._size[0]), min(int(y1), self._size[1])
        return box if box[2] - box[0] > 1 and box[3] - box[1] > 1 else None

    def _homography(self, surface: Surface, shape: tuple[int, ...], origin: tuple[int, int]) -> F64:
        optics = self._layout.optics
        offset = optics.rotation @ (surface.corner - np.array(optics.position))
        across = optics.rotation @ surface.across / shape[1]
        down = optics.rotation @ surface.down / shape[0]
        scale = np.array([[self._size[0], 0, -origin[0]], [0, self._size[1], -origin[1]], [0, 0, 1.0]])
        return np.asarray(scale @ optics.intrinsics @ np.column_stack([across, down, offset]))

    def _plane_nearness(self, surface: Surface, roi: tuple[int, int, int, int]) -> F32:
        """1 / depth of the surface's plane over a region: linear in the picture."""
        normal = np.cross(surface.across, surface.down)
        return plane_nearness(self._layout.optics, surface.corner, normal, self._size, roi)


def chance(layout: Layout, number: int, surface: Surface) -> np.random.Generator:
    """What draws the texture of a layout's surface with this number; all walls are painted alike."""
    return np.random.default_rng((layout.style, 0 if surface.texture == "wall" else number))


def detail(surface: Surface, layout: Layout, width: int) -> float:
    """Texture pixels per metre: as fine as the middle of the surface is seen in a picture so many pixels wide."""
    middle = layout.optics.view((surface.corner + surface.across / 2 + surface.down / 2)[None])[0, 2]
    ppm = float(np.clip(layout.optics.focal[0] * width / max(middle, 1.5), 20, 320))
    return min(ppm, 4000 / max(surface.size_m))


def plane_nearness(
    optics: Optics, point: F64, normal: F64, size: tuple[int, int], roi: tuple[int, int, int, int]
) -> F32:
    """1 / depth of a plane at every pixel of `roi` (x0, y0, x1, y1), float32 (h, w)."""
    facing = optics.rotation @ normal
    distance = float(facing @ (optics.rotation @ (point - np.array(optics.position))))
    gx, gy, g1 = facing / (distance if abs(distance) > 1e-9 else 1e-9)
    xs = (np.arange(roi[0], roi[2]) + 0.5) / size[0] - 0.5
    ys = (np.arange(roi[1], roi[3]) + 0.5) / size[1] - 0.5
    row = (gx / optics.focal[0] * xs).astype(np.float32)
    column = (gy / optics.focal[1] * ys + g1).astype(np.float32)
    return np.asarray(column[:, None] + row[None, :])


def surfaces(layout: Layout) -> Iterator[Surface]:
    """Every rectangle of the scene, in the order of their numbers; those of loose things come last."""
    width, depth = layout.size
    yield _flat((0, 0, width, depth), 0.0, layout.floor, is_floor=True)
    yield _flat((-3.0, depth, width + 3.0, depth + 5.0), -0.01, "pavement", shade=1.12, is_floor=True)
    yield _upright((-6.0, depth + 5.0), (width + 6.0, depth + 5.0), (0.0, 6.0), "street", 1.12)
    yield _flat((0, 0, width, depth), layout.height, "ceiling")
    for wall in WALLS:
        for piece in layout.wall_pieces(wall):
            yield from _wall_faces(piece, wall)
    for block in layout.blocks:
        yield from block_faces(block)
    for decal in layout.decals:
        yield _decal(decal, layout)
    for thing in layout.things:
        yield from block_faces(thing)


def _flat(rect: tuple[float, float, float, float], z: float, texture: str, **more: float) -> Surface:
    """A horizontal rectangle; the texture's top is north."""
    x0, y0, x1, y1 = rect
    corner = np.array([x0, y1, z])
    is_floor = bool(more.pop("is_floor", False))
    return Surface(corner, np.array([x1 - x0, 0, 0.0]), np.array([0, y0 - y1, 0.0]), texture, is_floor=is_floor, **more)


def _upright(
    start: tuple[float, float], end: tuple[float, float], z: tuple[float, float], texture: str, shade: float = 1.0,
    lift: float = 0.0,
) -> Surface:  # fmt: skip
    """A vertical rectangle from `start` to `end` (left to right in the texture)."""
    corner = np.array([*start, z[1]])
    return Surface(corner, np.array([end[0] - start[0], end[1] - start[1], 0.0]), np.array([0, 0, z[0] - z[1]]),
                   texture, lift, shade)  # fmt: skip


def _wall_faces(piece: Block, wall: str) -> Iterator[Surface]:
    """The side of a wall that faces the room, and the reveals of a doorway beside it."""
    yield _room_side(piece.rect, wall, piece.z, "wall")
    x0, y0, x1, y1 = piece.rect
    if wall in ("north", "south"):
        yield _upright((x1, y0), (x1, y1), piece.z, "dark")
        yield _upright((x0, y0), (x0, y1), piece.z, "dark")


def _room_side(
    rect: tuple[float, float, float, float], wall: str, z: tuple[float, float], texture: str, lift: float = 0.0
) -> Surface:
    x0, y0, x1, y1 = rect
    start, end = {
        "north": ((x0, y0), (x1, y0)),
        "south": ((x1, y1), (x0, y1)),
        "east": ((x0, y1), (x0, y0)),
        "west": ((x1, y0), (x1, y1)),
    }[wall]
    return _upright(start, end, z, texture, {"north": 0.95, "south": 0.9, "east": 0.86, "west": 1.0}[wall], lift)


def block_faces(block: Block) -> Iterator[Surface]:
    """Four sides, each with its own light, and the top."""
    x0, y0, x1, y1 = block.rect
    yield _upright((x0, y0), (x1, y0), block.z, block.sides, 0.98)
    yield _upright((x1, y0), (x1, y1), block.z, block.sides, 0.85)
    yield _upright((x1, y1), (x0, y1), block.z, block.sides, 0.9)
    yield _upright((x0, y1), (x0, y0), block.z, block.sides, 0.88)
    yield _flat(block.rect, block.z[1], block.top, shade=1.05)


def _decal(decal: Decal, layout: Layout) -> Surface:
    """A flat picture, drawn over what it lies on."""
    if decal.rect is not None:
        return _flat(decal.rect, 0.0, decal.texture, lift=0.002, is_floor=True)
    (a, b), (width, depth) = decal.span, layout.size
    rect = {"north": (a, depth, b, depth), "south": (a, 0, b, 0), "east": (width, a, width, b), "west": (0, a, 0, b)}
    return _room_side(rect[decal.wall], decal.wall, decal.z, decal.texture, lift=0.003)


def _lit(surface: Surface, layout: Layout, ppm: float, rng: np.random.Generator) -> U8:
    """A surface's texture with the lamps' light, its own shade and the dark near furniture baked in."""
    texture = TEXTURES[surface.texture](*surface.size_m, ppm, rng)
    h, w = texture.shape[:2]
    light = cv2.resize(_light_grid(surface, layout), (w, h), interpolation=cv2.INTER_LINEAR)
    if surface.is_floor:
        light = cv2.multiply(light, _contact(surface, layout, (w, h)))
    return u8(cv2.multiply(texture, cv2.merge([light] * 3), dtype=cv2.CV_8U))


def _light_grid(surface: Surface, layout: Layout, cells: int = 24) -> F32:
    """Light on a coarse grid over a surface, float32 (cells, cells)."""
    steps = (np.arange(cells) + 0.5) / cells
    points = surface.corner + steps[None, :, None] * surface.across + steps[:, None, None] * surface.down
    return (light_at(points, layout) * surface.shade).astype(np.float32)


def light_at(points: F64, layout: Layout) -> F64:
    """Light at world points (..., 3): about 1 under a lamp, less between lamps and in corners."""
    if points.size and float(points[..., 2].min()) > layout.height - 0.01:
        return np.full(points.shape[:-1], 0.95)
    total = np.full(points.shape[:-1], AMBIENT)
    for lamp in layout.lamps:
        away = (points[..., 0] - lamp.at[0]) ** 2 + (points[..., 1] - lamp.at[1]) ** 2
        drop = np.maximum(layout.height - points[..., 2], 0.0)
        total += lamp.power * 0.42 * 3.2 / (3.2 + away + 0.25 * drop**2)
    return total


def _contact(surface: Surface, layout: Layout, size: tuple[int, int]) -> F32:
    """How the floor darkens beside what stands on it, float32 (h, w), 1 in the open."""
    ppm = size[0] / float(np.linalg.norm(surface.across))
    small = 0.25 if ppm > 60 else 1.0
    mask = np.zeros((max(2, round(size[1] * small)), max(2, round(size[0] * small))), np.float32)
    for block in layout.blocks + layout.things:
        if block.z[0] < 0.1:
            x0, y0, x1, y1 = (block.rect[k] - surface.corner[k % 2] for k in range(4))
            corners = np.array([(x0, -y0), (x1, -y1)]) * ppm * small
            cv2.rectangle(mask, corners[0].astype(int).tolist(), corners[1].astype(int).tolist(), 1.0, -1)
    soft = cv2.GaussianBlur(mask, (0, 0), max(0.5, 0.16 * ppm * small))
    return np.asarray(1.0 - 0.55 * cv2.resize(soft, size, interpolation=cv2.INTER_LINEAR))
