"""Makes the probes of the picture's health from frames: small, once a second, with the people in them marked."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

from agent.domain import Box
from agent.health.features import DETAIL, HEIGHT, WIDTH, Probe
from hal.ports import Frame

MARGIN = 0.1
"""What is left out around a person, in sides of the box: shadows, and what the box missed."""


def probe_of(frame: Frame, people: Iterable[Box]) -> Probe:
    """Look at one frame; the pictures are copies."""
    picture = frame.lores
    step = max(1, picture.width // WIDTH)
    detail = cv2.resize(picture.y, DETAIL, interpolation=cv2.INTER_AREA)
    luma = cv2.resize(picture.y, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    u, v = (float(plane[:: max(1, step // 2), :: max(1, step // 2)].mean()) - 128 for plane in (picture.u, picture.v))
    return Probe(
        frame.t_s,
        np.asarray(luma, np.float32),
        np.asarray(detail, np.uint8),
        picture.y[::step, ::step].copy(),
        hidden_by(people),
        (u, v),
    )


def hidden_by(people: Iterable[Box]) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """The pixels of a probe behind people, with a margin."""
    hidden = np.zeros((HEIGHT, WIDTH), np.bool_)
    for box in people:
        across, down = MARGIN * box.width, MARGIN * box.height
        columns = slice(_pixel(box.x1 - across, WIDTH), _pixel(box.x2 + across, WIDTH) + 1)
        hidden[_pixel(box.y1 - down, HEIGHT) : _pixel(box.y2 + down, HEIGHT) + 1, columns] = True
    return hidden


def _pixel(share: float, size: int) -> int:
    return int(np.clip(share * size, 0, size))
