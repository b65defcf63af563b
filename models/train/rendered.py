"""Pictures rendered from the simulated shop, with truth: many ceiling cameras, styles and moments, day and night.

    python -m models.train.rendered --out .cache/train/rendered --views 40

Training draws cameras from one half of the shop's walls, `--held` renders the other half for evaluation. Labels are the
boxes round what is seen of a person; people of whom little is seen get a weight of 0 in the sixth column.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from hal.ports import Yuv420
from hal.simulated.render import Light, Renderer
from hal.simulated.scene import Scene, Snapshot
from hal.simulated.shop import Layout, load_layout

from .data import Image

LEAST_SEEN = 0.4


@dataclass(frozen=True, slots=True)
class View:
    """One camera in one shop at one light."""

    name: str
    layout: Layout
    light: Light
    seed: int


def views(count: int, held: bool) -> Iterator[View]:
    """Random cameras; held-out ones hang on the east side, have other styles and other people."""
    random = np.random.default_rng(2 if held else 1)
    shop = load_layout()
    number = 0
    while number < count:
        wide, deep = shop.size
        low, high = (0.62, 0.95) if held else (0.05, 0.55)
        position = (
            float(random.uniform(low, high) * wide),
            float(random.choice([random.uniform(0.2, 0.8), random.uniform(deep - 0.9, deep - 0.2)])),
            min(float(random.uniform(2.2, 2.85)), shop.height - 0.12),
        )
        target = (float(random.uniform(0.3, 0.7) * wide), float(random.uniform(0.35, 0.65) * deep), 0.7)
        optics = replace(
            shop.optics, position=position, look_at=target, hfov_deg=float(random.uniform(62, 100)), aspect=16 / 9
        )
        layout = replace(shop, optics=optics, style=int(random.integers(1, 9999)))
        light = Light.NIGHT if number % 3 == 2 else Light.DAY
        seed = int(random.integers(1, 9999))
        if _over_furniture(layout):
            continue
        yield View(f"{'held' if held else 'view'}{number:03d}", layout, light, seed)
        number += 1


def _over_furniture(layout: Layout) -> bool:
    """Whether the camera hangs so close over tall furniture that its top fills the view."""
    x, y, _ = layout.optics.position
    tall = [block for block in layout.blocks if block.z[1] > 1.5]
    return any(
        block.rect[0] - 0.1 <= x <= block.rect[2] + 0.1 and block.rect[1] - 0.1 <= y <= block.rect[3] + 0.1
        for block in tall
    )


def moments(view: View, count: int) -> Iterator[tuple[Image, Snapshot]]:
    """Pictures (540, 960) of a view and their truth; every sixth one is empty."""
    renderer = Renderer(view.layout, 960, 540, view.light)
    random = np.random.default_rng(view.seed)
    for number in range(count):
        script = "empty" if number % 6 == 5 else ("crowd", "shop", "loiterer")[number % 3]
        snapshot = Scene(view.layout, view.seed + number, script).at(float(random.uniform(5, 60)))
        yield rgb(renderer.render(snapshot.figures, number)), snapshot


def rgb(planes: Yuv420) -> Image:
    """YUV 4:2:0 planes as RGB."""
    stacked = np.concatenate([planes.y.ravel(), planes.u.ravel(), planes.v.ravel()])
    height, width = planes.y.shape
    return np.asarray(cv2.cvtColor(stacked.reshape(height * 3 // 2, width), cv2.COLOR_YUV2RGB_I420), np.uint8)


def label_lines(snapshot: Snapshot) -> list[str]:
    """`0 x y w h weight` of everybody of whom something is seen."""
    lines = []
    for person in snapshot.people:
        if person.seen_box is None:
            continue
        x1, y1, x2, y2 = np.clip(person.seen_box, 0, 1)
        if min(x2 - x1, y2 - y1) < 0.01:
            continue
        weight = int(person.seen >= LEAST_SEEN)
        lines.append(f"0 {(x1 + x2) / 2:.5f} {(y1 + y2) / 2:.5f} {x2 - x1:.5f} {y2 - y1:.5f} {weight}")
    return lines


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--views", type=int, default=40)
    parser.add_argument("--moments", type=int, default=6)
    parser.add_argument("--held", action="store_true")
    options = parser.parse_args()
    for folder in ("images", "labels"):
        (options.out / folder).mkdir(parents=True, exist_ok=True)
    for view in views(options.views, options.held):
        for number, (image, snapshot) in enumerate(moments(view, options.moments)):
            name = f"{view.name}-{view.light}-{number}"
            cv2.imwrite(str(options.out / "images" / f"{name}.png"), image[:, :, ::-1])
            (options.out / "labels" / f"{name}.txt").write_text("\n".join(label_lines(snapshot)) + "\n")


if __name__ == "__main__":
    main()
