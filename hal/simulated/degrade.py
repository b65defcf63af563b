"""What goes wrong with a camera's picture: people, dirt, optics, lamps and electronics, each on a luma plane.

Every fault is a function of the plane (uint8, height x width) and of where and how strongly it strikes, so that tests
and scores can put it on any picture, rendered or real.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hal.ports import U8

Rng = np.random.Generator


def blurred(luma: U8, sigma: float) -> U8:
    """Out of focus: `sigma` is in pixels of a picture 640 wide."""
    return np.asarray(cv2.GaussianBlur(luma, (0, 0), max(sigma * luma.shape[1] / 640, 0.3)), np.uint8)


def covered(luma: U8, share: float, level: float, rng: Rng) -> U8:
    """Something near the lens hides `share` of the picture from one side: flat, soft at its edge, with sensor noise."""
    height, width = luma.shape
    down = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    across = np.linspace(0, 1, width, dtype=np.float32)[None] + 0.05 * down
    hides = np.clip((share - across) / 0.03 + 0.5, 0, 1) if share < 1 else np.ones((height, width), np.float32)
    cover = level + 6 * down + rng.normal(0, 1.5, luma.shape)
    return _u8(luma * (1 - hides) + cover * hides)


def shifted(luma: U8, share: float, turn_deg: float = 0.0) -> U8:
    """The camera was pushed: the scene lies `share` of the width elsewhere, turned; new parts are mirrored in."""
    height, width = luma.shape
    move = cv2.getRotationMatrix2D((width / 2, height / 2), turn_deg, 1.0)
    move[0, 2] += share * width
    return np.asarray(cv2.warpAffine(luma, move, (width, height), borderMode=cv2.BORDER_REFLECT), np.uint8)


def exposed(luma: U8, gain: float, rng: Rng) -> U8:
    """Too much or too little light, by a factor; what is left has the sensor's noise."""
    return _u8(luma * np.float32(gain) + rng.normal(0, 1.2, luma.shape))


def veiled(luma: U8, strength: float, rng: Rng) -> U8:
    """Film, spray, fog or condensation: contrast and detail go, light comes."""
    soft = cv2.GaussianBlur(luma, (0, 0), 1 + 6 * strength).astype(np.float32)
    return _u8(soft * (1 - 0.7 * strength) + 150 * 0.7 * strength + rng.normal(0, 1.2, luma.shape))


def webbed(luma: U8, strands: int, rng: Rng) -> U8:
    """A spider's web before the lens: bright soft strands across, and what lies under them blurred."""
    web = np.zeros(luma.shape, np.uint8)
    height, width = luma.shape
    centre = (int(width * rng.uniform(0.2, 0.8)), int(height * rng.uniform(0.1, 0.6)))
    for angle in rng.uniform(0, 2 * np.pi, strands):
        end = (int(centre[0] + width * np.cos(angle)), int(centre[1] + width * np.sin(angle)))
        cv2.line(web, centre, end, 255, max(2, width // 60))
    soft = cv2.GaussianBlur(web, (0, 0), width / 90).astype(np.float32) / 255
    under = cv2.GaussianBlur(luma, (0, 0), width / 80)
    return _u8(luma * (1 - soft) + (0.7 * under + 60) * soft)


def dropped_on(luma: U8, drops: int, rng: Rng) -> U8:
    """Droplets or dirt on the glass: round spots of blur."""
    spots = np.zeros(luma.shape, np.uint8)
    height, width = luma.shape
    for _ in range(drops):
        place = int(rng.uniform(0, width)), int(rng.uniform(0, height))
        cv2.circle(spots, place, int(width * rng.uniform(0.05, 0.14)), 255, -1)
    soft = cv2.GaussianBlur(spots, (0, 0), width / 80).astype(np.float32) / 255
    return _u8(luma * (1 - soft) + cv2.GaussianBlur(luma, (0, 0), width / 40) * soft)


def banded(luma: U8, levels: float, phase: float) -> U8:
    """Stripes along the rows, as of lamps that flicker beside a rolling shutter."""
    rows = levels * np.sin(np.linspace(0, 12 * np.pi, luma.shape[0]) + phase)
    return _u8(luma + rows[:, None])


def noisy(luma: U8, sigma: float, rng: Rng) -> U8:
    """A noisy sensor."""
    return _u8(luma + rng.normal(0, sigma, luma.shape))


def with_hot_pixels(luma: U8, share: float, seed: int) -> U8:
    """Pixels that are always white; the same ones for a seed."""
    hot = np.random.default_rng(seed).random(luma.shape) < share
    return np.asarray(np.where(hot, 255, luma), np.uint8)


@dataclass
class Held:
    """A picture that no longer comes from the sensor: the one it froze with, or the last `loop` ones over and over."""

    loop: int = 1
    _kept: list[U8] = field(default_factory=list)
    _index: int = 0

    def watch(self, luma: U8) -> U8:
        """A picture before the fault: it may be one of those that are shown later."""
        self._kept = [*self._kept[-self.loop + 1 :], luma.copy()] if self.loop > 1 else [luma.copy()]
        return luma

    def show(self, luma: U8) -> U8:
        """The picture shown instead of this one."""
        if not self._kept:
            self._kept = [luma.copy()]
        self._index += 1
        return self._kept[self._index % len(self._kept)]


FAULTS: dict[str, tuple[str, Callable[[U8, Rng], U8]]] = {
    "blur, slight": ("defocused", lambda luma, rng: blurred(luma, 1.5)),
    "blur": ("defocused", lambda luma, rng: blurred(luma, 3.0)),
    "blur, strong": ("defocused", lambda luma, rng: blurred(luma, 6.0)),
    "cover, half": ("covered", lambda luma, rng: covered(luma, 0.6, 90.0, rng)),
    "cover, most": ("covered", lambda luma, rng: covered(luma, 0.85, 40.0, rng)),
    "cover, all": ("covered", lambda luma, rng: covered(luma, 1.0, 70.0, rng)),
    "cap": ("covered", lambda luma, rng: covered(luma, 1.0, 3.0, rng)),
    "spray": ("covered", lambda luma, rng: veiled(luma, 0.9, rng)),
    "pushed a little": ("moved", lambda luma, rng: shifted(luma, 0.05)),
    "pushed": ("moved", lambda luma, rng: shifted(luma, 0.2)),
    "turned": ("moved", lambda luma, rng: shifted(luma, 0.02, 8.0)),
    "turned away": ("moved", lambda luma, rng: np.ascontiguousarray(luma[::-1, ::-1])),
    "dark": ("too_dark", lambda luma, rng: exposed(luma, 0.08, rng)),
    "glare": ("too_bright", lambda luma, rng: exposed(luma, 4.0, rng)),
}
"""By name: the fault of semantics.md that it is, and how it looks. What needs time (frozen, dirt, noise) is apart."""


def _u8(luma: NDArray[Any]) -> U8:
    return np.asarray(np.clip(np.rint(luma), 0, 255), np.uint8)
