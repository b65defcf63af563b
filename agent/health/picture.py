"""Makes the probes of the picture's health from frames: small, once a second, with the people in them marked."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

from agent.domain import Box
from agent.health.features import DETAIL, HEIGHT, WIDTH, Flags, Probe
from hal.ports import Frame, Yuv420

COLOURS = (40, 30)
"""Colours are averaged over so many cells: single pixels carry noise."""
MARGIN = 0.1
"""What is left out around a person, in sides of the box: shadows, and what the box missed."""


def probe_of(frame: Frame, people: Iterable[Box]) -> Probe:
    """Look at one frame; the pictures are copies."""
    picture = frame.lores
    step = max(1, picture.width // WIDTH)
    detail = cv2.resize(picture.y, DETAIL, interpolation=cv2.INTER_AREA)
    luma = cv2.resize(picture.y, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    hidden = hidden_by(people)
    chroma, colour = _colours(picture, hidden)
    raw = picture.y[::step, ::step].copy()
    return Probe(frame.t_s, np.asarray(luma, np.float32), np.asarray(detail, np.uint8), raw, hidden, chroma, colour)


def _colours(picture: Yuv420, hidden: Flags) -> tuple[tuple[float, float], float]:
    """The mean of U and V less 128 where nobody is, and their mean deviation from it."""
    free = cv2.resize((~hidden).astype(np.uint8), COLOURS, interpolation=cv2.INTER_AREA) > 0
    if not free.any():
        return (0.0, 0.0), 0.0
    u, v = (np.asarray(cv2.resize(one, COLOURS, interpolation=cv2.INTER_AREA))[free] for one in (picture.u, picture.v))
    middle = float(u.mean()), float(v.mean())
    spread = float(np.abs(u - middle[0]).mean() + np.abs(v - middle[1]).mean()) / 2
    return (middle[0] - 128, middle[1] - 128), spread


def hidden_by(people: Iterable[Box]) -> Flags:
    """The pixels of a probe behind people, with a margin."""
    hidden = np.zeros((HEIGHT, WIDTH), np.bool_)
    for box in people:
        across, down = MARGIN * box.width, MARGIN * box.height
        columns = slice(_pixel(box.x1 - across, WIDTH), _pixel(box.x2 + across, WIDTH) + 1)
        hidden[_pixel(box.y1 - down, HEIGHT) : _pixel(box.y2 + down, HEIGHT) + 1, columns] = True
    return hidden


def _pixel(share: float, size: int) -> int:
    return int(np.clip(share * size, 0, size))
