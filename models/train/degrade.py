"""Fixed degradations of a picture for evaluation: night, motion blur, JPEG 30, half resolution.

Each takes and returns RGB uint8 (height, width, 3); noise is seeded by the picture's name so that every model
sees the same pixels.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

import cv2
import numpy as np

from .data import Image


def clean(image: Image, name: str) -> Image:
    """The picture as it is."""
    return image


def night(image: Image, name: str) -> Image:
    """Infra-red look: grey, gamma 2.5, 40 % of the light, shot and read noise of sigma 9 of 255 or more."""
    random = np.random.default_rng(zlib.crc32(name.encode()))
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    dark = grey**2.5 * 0.4
    noise = random.normal(0, 1, dark.shape).astype(np.float32) * np.sqrt(0.035**2 + 0.005 * dark)
    out = np.clip((dark + noise) * 255, 0, 255).astype(np.uint8)
    return np.repeat(out[:, :, None], 3, axis=2)


def motion_blur(image: Image, name: str) -> Image:
    """Horizontal blur over 2.5 % of the width."""
    length = max(3, round(image.shape[1] * 0.025))
    kernel = np.full((1, length), 1 / length, np.float32)
    return np.asarray(cv2.filter2D(image, -1, kernel), np.uint8)


def jpeg30(image: Image, name: str) -> Image:
    """JPEG quality 30."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 30])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def half(image: Image, name: str) -> Image:
    """Half the resolution, scaled up again."""
    height, width = image.shape[:2]
    small = cv2.resize(image, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


KINDS: dict[str, Callable[[Image, str], Image]] = {
    "clean": clean,
    "night": night,
    "blur": motion_blur,
    "jpeg30": jpeg30,
    "half": half,
}
