"""Random pictures with boxes for training a detector: another shop, camera, light and crowd for every seed."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from hal.ports import Yuv420
from hal.simulated.figure import Stance, body_of
from hal.simulated.optics import Optics
from hal.simulated.people import random_look
from hal.simulated.render import Figure, Light, Renderer, figure_of
from hal.simulated.sheets import u8
from hal.simulated.shop import Block, Door, Lamp, Layout, Xy
from hal.simulated.sight import sights

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]

MIN_SEEN = 0.3
"""A person of whom less is seen gets no box."""
MOST_PEOPLE = 12
NIGHT_SHARE = 0.18
_GOODS = ("goods", "goods", "spirits", "fridge", "cartons", "counter")


def sample(seed: int, width: int = 640, height: int = 360) -> tuple[U8, F32]:
    """One picture: RGB uint8 (height, width, 3) and the boxes of its people, float32 (n, 4) as x1, y1, x2, y2 in 0..1.

    Width and height must be even. The same seed and size always give the same picture.
    """
    rng = np.random.default_rng(seed)
    layout = random_layout(rng, width / height)
    light = Light.NIGHT if rng.random() < NIGHT_SHARE else Light.DAY
    people = random_people(rng, layout, int(rng.integers(0, MOST_PEOPLE + 1)))
    picture = to_rgb(Renderer(layout, width, height, light, detail=1.5).render(people, seed))
    boxes = [s.box for s in sights(layout, people) if s.box is not None and s.share >= MIN_SEEN]
    return _developed(rng, picture, light), np.array(boxes, np.float32).reshape(-1, 4)


def random_layout(rng: np.random.Generator, aspect: float = 16 / 9) -> Layout:
    """A room with furniture and a camera near a wall, 2.2 to 4 m up, with a lens of 48 to 105 degrees."""
    width, depth = float(rng.uniform(4.5, 13)), float(rng.uniform(4.5, 13))
    optics = _random_optics(rng, width, depth, aspect)
    height = max(optics.position[2] + 0.15, float(rng.uniform(2.5, 3.6)))
    door = float(rng.uniform(0.2, width - 2.0))
    return Layout(
        name="random",
        size=(width, depth),
        height=height,
        floor=str(rng.choice(["tiles", "tiles", "planks", "pavement"])),
        style=int(rng.integers(1 << 30)),
        optics=optics,
        blocks=tuple(_random_blocks(rng, width, depth, optics)),
        doors=(Door("north", door, door + float(rng.uniform(0.9, 1.8)), min(2.2, height - 0.2)),),
        lamps=tuple(
            Lamp((x, y), float(rng.uniform(0.5, 1.2)))
            for x in np.arange(1.2, width, 3.0)
            for y in np.arange(1, depth, 3)
        ),
    )


def _random_optics(rng: np.random.Generator, width: float, depth: float, aspect: float) -> Optics:
    """Near the south wall, looking into the room."""
    x, y = float(rng.uniform(0.25, width - 0.25)), float(rng.uniform(0.2, 0.6))
    up = float(rng.uniform(2.2, 4.0))
    away, tilt = float(rng.uniform(2.0, 6.0)), float(rng.uniform(0.0, 1.2))
    towards = math.atan2(depth * 0.55 - y, width / 2 - x) + float(rng.normal(0.0, 0.3))
    target = (x + away * math.cos(towards), y + away * math.sin(towards), tilt)
    return Optics((x, y, up), target, float(rng.uniform(48, 105)), aspect)


def _random_blocks(rng: np.random.Generator, width: float, depth: float, optics: Optics) -> list[Block]:
    """Shelves along a wall and islands, none within 1.6 m of the camera."""
    blocks: list[Block] = []
    for number in range(int(rng.integers(2, 10))):
        long, thick = float(rng.uniform(0.6, 3.2)), float(rng.uniform(0.35, 0.9))
        w, d = (long, thick) if rng.random() < 0.5 else (thick, long)
        x = float(rng.uniform(0, max(0.1, width - w)))
        y = depth - d if number < 2 else float(rng.uniform(0, max(0.1, depth - d)))
        centre = (x + w / 2, y + d / 2)
        if math.dist(centre, optics.position[:2]) < 1.6 + long / 2:
            continue
        tall = float(rng.uniform(1.4, 2.2)) if y + d > depth - 0.1 else float(rng.uniform(0.6, 1.6))
        blocks.append(Block(f"block {number}", (x, y, x + w, y + d), (0.0, tall), str(rng.choice(_GOODS))))
    return blocks


def random_people(rng: np.random.Generator, layout: Layout, count: int) -> list[Figure]:
    """Up to `count` people on free floor in view, spread evenly over the picture: near and large, far and small."""
    people: list[Figure] = []
    for _ in range(count * 8):
        spot = _random_spot(rng, layout)
        if len(people) < count and spot and all(math.dist(spot, other.floor) > 0.45 for other in people):
            look = random_look(rng)
            people.append(figure_of(len(people) + 1, look, body_of(_random_stance(rng, spot), look), layout, spot))
    return people


def _random_spot(rng: np.random.Generator, layout: Layout) -> Xy | None:
    """The floor under a random place in the picture, or None where nobody can stand."""
    picture = np.array([[rng.uniform(0.0, 1.0), rng.uniform(0.25, 1.15)]])
    x, y = (float(v) for v in layout.optics.to_floor(picture)[0])
    (width, depth), eye = layout.size, layout.optics.position
    if not (0.3 < x < width - 0.3 and 0.3 < y < depth - 0.3) or math.dist((x, y), eye[:2]) < 0.9:
        return None
    blocked = any(
        b.rect[0] - 0.25 < x < b.rect[2] + 0.25 and b.rect[1] - 0.25 < y < b.rect[3] + 0.25 for b in layout.blocks
    )
    return None if blocked else (x, y)


def _random_stance(rng: np.random.Generator, spot: Xy) -> Stance:
    """Walking, standing, reaching, crouching or running in any direction."""
    effort = float(rng.choice([0.0, 0.0, 0.9, 1.0, 1.6]))
    still = effort == 0.0
    return Stance(
        *spot,
        heading_rad=float(rng.uniform(-math.pi, math.pi)),
        phase_rad=float(rng.uniform(0, 2 * math.pi)),
        effort=effort,
        reach=float(rng.random() < 0.4) * float(rng.uniform(0.3, 1.0)) if still else 0.0,
        reach_m=float(rng.uniform(0.5, 1.8)),
        crouch=float(rng.uniform(0.2, 0.8)) if still and rng.random() < 0.15 else 0.0,
        look_rad=float(rng.uniform(-0.7, 0.7)),
    )


def _developed(rng: np.random.Generator, picture: U8, light: Light) -> U8:
    """Another sensor and lens: exposure, gamma, white balance, sharpness."""
    tint = np.ones(3) if light is Light.NIGHT else rng.normal(1.0, 0.05, 3)
    level = np.arange(256) / 255.0
    curves = np.stack([np.clip(255 * t * rng.uniform(0.97, 1.03) * level, 0, 255) for t in tint], axis=1)
    bent = 255 * (curves / 255) ** float(rng.uniform(0.75, 1.35)) * float(rng.uniform(0.65, 1.2))
    shown = u8(cv2.LUT(picture, u8(np.clip(bent, 0, 255))[None]))
    sigma = float(rng.uniform(0.0, 1.3))
    return u8(cv2.GaussianBlur(shown, (0, 0), sigma)) if sigma > 0.35 else shown


def to_rgb(picture: Yuv420) -> U8:
    """A picture with even sides as RGB (height, width, 3)."""
    stacked = np.concatenate([picture.y.ravel(), picture.u.ravel(), picture.v.ravel()])
    return u8(cv2.cvtColor(stacked.reshape(-1, picture.width), cv2.COLOR_YUV2RGB_I420))
