"""Training pictures put together from parts of labelled ones: zooms, mosaics, small people, shelves.

A sample is RGB uint8 (height, width, 3) of the network's input with boxes (n, 4) x1, y1, x2, y2 in pixels and a
weight per box: 1 a person to be found, 0 a place where neither answer is punished (cut, hidden or tiny people and
what the labels may have forgotten).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from agent.vision.tone import lift

from .data import Boxes, Image, Picture
from .graph import Size
from .photometric import photometric

Matrix = NDArray[np.float64]

#: People lower than this share of the picture's height, or cut to less than this share, are ignored.
LEAST_HEIGHT = 0.04
LEAST_SEEN = 0.35


@dataclass(frozen=True, slots=True)
class Source:
    """A picture in memory at falling sizes, with boxes in 0..1 and weights."""

    levels: tuple[Image, ...]
    boxes: Boxes
    weights: Boxes


@dataclass(frozen=True, slots=True)
class Sample:
    """A training picture, the same before light and signal were changed, its boxes in pixels and their weights."""

    image: Image
    clean: Image
    boxes: Boxes
    weights: Boxes


def source(picture: Picture, extra: tuple[Boxes, Boxes] | None = None, weights: Boxes | None = None) -> Source:
    """Load a picture; `extra` are boxes and weights a teacher added to its labels; `weights` are its own boxes'."""
    image = picture.read()
    share = 480 / max(image.shape[:2])
    if share < 1:
        image = np.asarray(cv2.resize(image, None, fx=share, fy=share, interpolation=cv2.INTER_AREA), np.uint8)
    levels = [image]
    for _ in range(3):
        height, width = levels[-1].shape[:2]
        half = cv2.resize(levels[-1], (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        levels.append(np.asarray(half, np.uint8))
    boxes = picture.boxes
    weights = np.ones(len(boxes), np.float32) if weights is None else weights
    if extra is not None:
        boxes, weights = np.concatenate([boxes, extra[0]]), np.concatenate([weights, extra[1]])
    return Source(tuple(levels), boxes, weights)


class Augmenter:
    """Draws samples from sources; `size` is (height, width) of the network's input; `lifted`: dark ones are."""

    def __init__(
        self, sources: list[Source], size: Size, weights: Boxes | None = None, *, lifted: bool = False
    ) -> None:
        self.sources, self.size, self.lifted = sources, size, lifted
        self.chances = None if weights is None else weights / weights.sum()
        self.people = _people(sources)

    def draw(self, random: Generator) -> Sample:
        """One sample."""
        canvas = np.empty((*self.size, 3), np.uint8)
        canvas[:] = random.integers(0, 200, 3)
        parts = [self._tile(canvas, place, random) for place in _layout(self.size, random)]
        boxes = np.concatenate([part[0] for part in parts])
        weights = np.concatenate([part[1] for part in parts])
        if random.random() < 0.3:
            boxes, weights = self._paste(canvas, boxes, weights, random)
        if random.random() < 0.2:
            weights = _shelve(canvas, boxes, weights, random)
        if random.random() < 0.5:
            canvas, boxes = _mirrored(canvas, boxes)
        weights = np.where(boxes[:, 3] - boxes[:, 1] < LEAST_HEIGHT * self.size[0], 0, weights)
        changed = np.array(photometric(canvas, random))
        if self.lifted:
            lift(changed)
        return Sample(changed, canvas, boxes.astype(np.float32), weights.astype(np.float32))

    def _pick(self, random: Generator) -> Source:
        return self.sources[int(random.choice(len(self.sources), p=self.chances))]

    def _tile(self, canvas: Image, place: Tile, random: Generator) -> tuple[Boxes, Boxes]:
        """Warp a random picture into a rectangle of the canvas."""
        chosen = self._pick(random)
        matrix = _view(chosen, place, random)
        level = _fitting_level(chosen, matrix)
        height, width = level.shape[:2]
        x1, y1, x2, y2 = place.rectangle
        to_unit = np.diag([1 / width, 1 / height, 1.0])
        fill = tuple(int(value) for value in random.integers(0, 200, 3))
        canvas[y1:y2, x1:x2] = cv2.warpPerspective(
            level, matrix @ to_unit, (x2 - x1, y2 - y1), flags=cv2.INTER_LINEAR, borderValue=fill
        )
        boxes, seen = _warped(chosen.boxes, matrix, (y2 - y1, x2 - x1))
        weights = np.where(seen >= LEAST_SEEN, chosen.weights, 0.0)
        keep = seen > 0.03
        return boxes[keep] + np.array([x1, y1, x1, y1], np.float32), weights[keep]

    def _paste(self, canvas: Image, boxes: Boxes, weights: Boxes, random: Generator) -> tuple[Boxes, Boxes]:
        """Put one to four people, small ones mostly, where nobody stands."""
        for _ in range(int(random.integers(1, 5))):
            person = self.people[int(random.integers(len(self.people)))]
            height = int(self.size[0] * np.exp(random.uniform(np.log(0.05), np.log(0.4))))
            width = max(4, int(height * person.shape[1] / person.shape[0] * random.uniform(0.85, 1.15)))
            if height >= self.size[0] or width >= self.size[1]:
                continue
            top, left = int(random.integers(self.size[0] - height)), int(random.integers(self.size[1] - width))
            margin = np.array([width, height]) * _MARGIN / (1 + 2 * _MARGIN)
            spot = np.array(
                [[left + margin[0], top + margin[1], left + width - margin[0], top + height - margin[1]]], np.float32
            )
            if len(boxes) and _covered(boxes, spot[0]).max() > 0.1:
                continue
            _blend(canvas, person, (top, left, height, width))
            boxes = np.concatenate([boxes, spot])
            weights = np.concatenate([weights, np.ones(1, np.float32)])
        return boxes, weights


@dataclass(frozen=True, slots=True)
class Tile:
    """A rectangle x1, y1, x2, y2 of the canvas and the range of shares of a picture shown in it."""

    rectangle: tuple[int, int, int, int]
    low: float
    high: float


_MARGIN = 0.1


def _layout(size: Size, random: Generator) -> list[Tile]:
    """One picture, a mosaic of four, or a grid of small ones."""
    height, width = size
    draw = random.random()
    if draw < 0.5:
        return [Tile((0, 0, width, height), 0.35, 1.5)]
    if draw < 0.8:
        cy, cx = int(height * random.uniform(0.3, 0.7)), int(width * random.uniform(0.3, 0.7))
        corners = [(0, 0, cx, cy), (cx, 0, width, cy), (0, cy, cx, height), (cx, cy, width, height)]
        return [Tile(corner, 0.5, 1.2) for corner in corners]
    rows, columns = int(random.integers(2, 5)), int(random.integers(3, 5))
    ys, xs = np.linspace(0, height, rows + 1).astype(int), np.linspace(0, width, columns + 1).astype(int)
    return [
        Tile((int(xs[c]), int(ys[r]), int(xs[c + 1]), int(ys[r + 1])), 0.7, 1.1)
        for r in range(rows)
        for c in range(columns)
    ]


def _view(chosen: Source, place: Tile, random: Generator) -> Matrix:
    """The homography from a picture's 0..1 to a tile's pixels."""
    x1, y1, x2, y2 = place.rectangle
    share = np.exp(random.uniform(np.log(place.low), np.log(place.high)))
    stretch = np.exp(random.normal(0, 0.12))
    shown = np.array([share * stretch, share / stretch])
    centre = _centre(chosen, shown, random)
    scale = np.array([x2 - x1, y2 - y1]) / shown
    move = (shown / 2 - centre) * scale
    matrix = np.array([[scale[0], 0.0, move[0]], [0.0, scale[1], move[1]], [0.0, 0.0, 1.0]])
    if random.random() < 0.35:
        matrix = _tilted((y2 - y1, x2 - x1), random) @ matrix
    return matrix


def _centre(chosen: Source, shown: Matrix, random: Generator) -> Matrix:
    """Where to look: within the picture, towards a person in most zooms."""
    slack = np.abs(1 - shown) / 2
    free = 0.5 + random.uniform(-1, 1, 2) * slack
    if len(chosen.boxes) and random.random() < 0.6:
        box = chosen.boxes[int(random.integers(len(chosen.boxes)))]
        middle = (box[:2] + box[2:]) / 2 + random.normal(0, 0.2, 2) * shown
        return np.asarray(np.clip(middle, 0.5 - slack, 0.5 + slack))
    return np.asarray(free)


def _tilted(size: Size, random: Generator) -> Matrix:
    """A small rotation, or the view of a camera that looks down (the top wider than the bottom, or the reverse)."""
    height, width = size
    if random.random() < 0.6:
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), random.normal(0, 5), random.uniform(0.95, 1.1))
        return np.vstack([turn, [0, 0, 1]])
    squeeze = random.uniform(-0.18, 0.18) * width
    before = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    after = before + np.array([[-squeeze, 0], [squeeze, 0], [-squeeze, 0], [squeeze, 0]], np.float32)
    return np.asarray(cv2.getPerspectiveTransform(before, after))


def _fitting_level(chosen: Source, matrix: Matrix) -> Image:
    """The smallest stored size that is still about as fine as the target."""
    for level in reversed(chosen.levels):
        if level.shape[1] >= matrix[0, 0] * 0.8 and level.shape[0] >= matrix[1, 1] * 0.8:
            return level
    return chosen.levels[0]


def _warped(boxes: Boxes, matrix: Matrix, size: Size) -> tuple[Boxes, Boxes]:
    """Boxes through a homography: clipped pixels, and the share of each left in view."""
    if not len(boxes):
        return np.zeros((0, 4), np.float32), np.zeros(0, np.float32)
    x1, y1, x2, y2 = boxes.T
    middle_x, middle_y = (x1 + x2) / 2, (y1 + y2) / 2
    points = np.stack([[x1, middle_y], [x2, middle_y], [middle_x, y1], [middle_x, y2]]).transpose(2, 0, 1)
    moved = cv2.perspectiveTransform(points.astype(np.float64), matrix)
    low, high = moved.min(1), moved.max(1)
    inside_low = np.clip(low, 0, [size[1], size[0]])
    inside_high = np.clip(high, 0, [size[1], size[0]])
    seen = (inside_high - inside_low).prod(1) / np.maximum((high - low).prod(1), 1e-6)
    return np.concatenate([inside_low, inside_high], 1).astype(np.float32), seen.astype(np.float32)


def _people(sources: list[Source]) -> list[Image]:
    """Upright people that are whole and large enough to be pasted smaller, with a margin of ground."""
    found: list[Image] = []
    for chosen in sources:
        height, width = chosen.levels[0].shape[:2]
        for x1, y1, x2, y2 in chosen.boxes[chosen.weights > 0]:
            tall, wide = (y2 - y1) * height, (x2 - x1) * width
            if tall < 70 or not 0.2 < wide / tall < 0.75 or min(x1, y1, 1 - x2, 1 - y2) < 0.01:
                continue
            left, top = int(x1 * width - wide * _MARGIN), int(y1 * height - tall * _MARGIN)
            right, bottom = int(x2 * width + wide * _MARGIN), int(y2 * height + tall * _MARGIN)
            if left >= 0 and top >= 0 and right <= width and bottom <= height:
                found.append(chosen.levels[0][top:bottom, left:right])
    return found


def _covered(boxes: Boxes, spot: Boxes) -> Boxes:
    """The share of the smaller of two boxes that overlaps."""
    low, high = np.maximum(boxes[:, :2], spot[:2]), np.minimum(boxes[:, 2:], spot[2:])
    inner = np.clip(high - low, 0, None).prod(1)
    smaller = np.minimum((boxes[:, 2:] - boxes[:, :2]).prod(1), (spot[2:] - spot[:2]).prod())
    return np.asarray(inner / np.maximum(smaller, 1e-6), np.float32)


def _blend(canvas: Image, person: Image, place: tuple[int, int, int, int]) -> None:
    """Paste with a soft edge."""
    top, left, height, width = place
    small = cv2.resize(person, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    y = np.minimum(np.arange(height), np.arange(height)[::-1]) / (height * _MARGIN + 1)
    x = np.minimum(np.arange(width), np.arange(width)[::-1]) / (width * _MARGIN + 1)
    alpha = np.clip(np.minimum(y[:, None], x[None]), 0, 1)[:, :, None].astype(np.float32)
    spot = canvas[top : top + height, left : left + width]
    spot[:] = (small * alpha + spot * (1 - alpha)).astype(np.uint8)


def _shelve(canvas: Image, boxes: Boxes, weights: Boxes, random: Generator) -> Boxes:
    """Cover part of some people with a slab of the same picture, as shelves do; mostly hidden ones are ignored."""
    height, width = canvas.shape[:2]
    weights = weights.copy()
    for row in random.permutation(len(boxes))[:3]:
        x1, y1, x2, y2 = boxes[row]
        hidden = random.uniform(0.15, 0.6)
        top, bottom = int(y2 - (y2 - y1) * hidden), min(height, int(y2 + random.uniform(0, 0.3) * (y2 - y1)))
        left = max(0, int(x1 - random.uniform(0.1, 1.5) * (x2 - x1)))
        right = min(width, int(x2 + random.uniform(0.1, 1.5) * (x2 - x1)))
        if bottom - top < 3 or right - left < 3 or bottom - top >= height or right - left >= width:
            continue
        sy, sx = int(random.integers(height - (bottom - top))), int(random.integers(width - (right - left)))
        slab = canvas[sy : sy + bottom - top, sx : sx + right - left].copy()
        canvas[top:bottom, left:right] = slab[::-1] // 2 + random.integers(0, 120)
        slab_box = np.array([left, top, right, bottom], np.float32)
        lost = _share_inside(boxes, slab_box)
        weights = np.where(lost > 0.65, 0.0, weights).astype(np.float32)
    return weights


def _share_inside(boxes: Boxes, spot: Boxes) -> Boxes:
    low, high = np.maximum(boxes[:, :2], spot[:2]), np.minimum(boxes[:, 2:], spot[2:])
    inner = np.clip(high - low, 0, None).prod(1)
    return np.asarray(inner / np.maximum((boxes[:, 2:] - boxes[:, :2]).prod(1), 1e-6), np.float32)


def _mirrored(canvas: Image, boxes: Boxes) -> tuple[Image, Boxes]:
    width = canvas.shape[1]
    turned = boxes.copy()
    turned[:, [0, 2]] = width - boxes[:, [2, 0]]
    return np.ascontiguousarray(canvas[:, ::-1]), turned
