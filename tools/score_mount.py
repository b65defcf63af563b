"""Scores how well a walk test measures the way a camera hangs, on simulated shops; writes the table of docs/mount.md.

Every walk is in a shop of its own, by somebody else, with errors of the detector drawn anew (misses 5-30 %, jitter of
boxes 2-8 % of their height, 3-15 pictures a second). What the installer says is wrong, too: see `rule_scores.walked`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.fitting.mount import Lens, Mount, MountUnknown
from hal.simulated.optics import Optics
from hal.simulated.scenario.layouts import shop_layout
from hal.simulated.scenario.noise import random_noise
from tools.rule_scores.walked import walked_mount
from tools.score_doctor import page_with

PAGE = Path(__file__).resolve().parent.parent / "docs" / "mount.md"
BEGIN = "<!-- begin: tools/score_mount.py -->"
FIRST, WALKS = 30000, 100
DEPTHS_M = np.linspace(2.5, 8.5, 13)
"""Where depths are compared, along the floor from below the camera; what is walked on in every shop."""
HEAD = (
    "what is known", "measured", "height off", "tilt off", "depth off, median", "95 % of depths within",
    "height and tilt off by standard errors",
)  # fmt: skip
SHIPPED = 0
WAYS: dict[str, dict[str, bool | float]] = {
    "stature, lens known": {},
    "stature, lens known, height by tape": {"taped": True},
    "stature, lens unknown (83 degrees assumed, 76 to 84 true)": {"view_deg": 83.3},
    "all three, in the shipped shop, whose furniture hides feet": {"taped": True, "shop": SHIPPED},
}


class Walked(NamedTuple):
    """How far a measured mount was off: its height, its tilt, the depths, and each by its own standard error."""

    height_m: float
    tilt_deg: float
    depths: NDArray[np.float64]
    z: tuple[float, float]


def score(first: int, walks: int, **way: bool | float) -> list[Walked | None]:
    """One walk in each of so many shops, or as many in one; None where it was refused."""
    return [_walked(seed, **way) for seed in range(first, first + walks)]  # type: ignore[arg-type]


def _walked(seed: int, shop: int | None = None, **way: bool | float) -> Walked | None:
    layout = shop_layout(seed if shop is None else shop)
    try:
        mount = walked_mount(layout, random_noise(seed), seed, **way)  # type: ignore[arg-type]
    except MountUnknown:
        return None
    optics = layout.optics
    height_m, tilt_deg = mount.height_m - optics.position[2], mount.tilt_deg - optics.tilt_deg
    z = height_m / mount.height_se_m, tilt_deg / mount.tilt_se_deg
    return Walked(height_m, tilt_deg, depth_errors(optics, mount), z)


def depth_errors(optics: Optics, mount: Mount) -> NDArray[np.float64]:
    """By what share depths on the floor, (13,), are off where the mount is believed."""
    forward = optics.rotation[2, :2] / np.linalg.norm(optics.rotation[2, :2])
    floor = np.array(optics.position[:2]) + DEPTHS_M[:, None] * forward
    rows = optics.project(np.column_stack([floor, np.zeros(len(floor))]))[0][:, 1]
    v = (rows - 0.5) / Lens(mount.view_deg, optics.aspect).focal
    below = np.radians(mount.tilt_deg) + np.arctan(v)
    return np.asarray(mount.height_m / np.tan(below) / DEPTHS_M - 1)


def table(first: int, walks: int) -> str:
    """The page's part."""
    where = "in as many shops unless a row says otherwise"
    told = f"Simulated: {walks} walks of a minute {where}, seeds {first} to {first + walks - 1}."
    rows = [HEAD, "-" * len(HEAD), *(_row(name, score(first, walks, **way)) for name, way in WAYS.items())]
    return "\n".join([told, "", *(f"| {' | '.join(cells)} |" for cells in rows)])


def _row(name: str, walked: Sequence[Walked | None]) -> tuple[str, ...]:
    told = [one for one in walked if one is not None]
    depths = np.abs([one.depths for one in told])
    height, tilt = np.sqrt(np.mean(np.square([(one.height_m, one.tilt_deg) for one in told]), axis=0))
    return (
        name,
        f"{len(told)} of {len(walked)}",
        f"{100 * height:.1f} cm",
        f"{tilt:.2f}°",
        f"{np.median(depths):.1%}",
        f"{np.quantile(depths, 0.95):.1%}",
        ", ".join(f"{z:.2f}" for z in np.sqrt(np.mean(np.square([one.z for one in told]), axis=0))),
    )


def main() -> None:
    """Print the table, and write it where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--first-seed", type=int, default=FIRST)
    parser.add_argument("--walks", type=int, default=WALKS)
    parser.add_argument("--write", action="store_true", help="put it into docs/mount.md")
    wish = parser.parse_args()
    part = table(wish.first_seed, wish.walks)
    print(part)
    if wish.write:
        PAGE.write_text(page_with(PAGE.read_text(encoding="utf-8"), part, BEGIN), encoding="utf-8")


if __name__ == "__main__":
    main()
