"""Changes of light and signal for training pictures: RGB uint8 in, RGB uint8 out, same size."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from .data import Image


def photometric(image: Image, random: Generator) -> Image:
    """A random chain: colour or night, then blur, noise, lost resolution, JPEG."""
    draw = random.random()
    if draw < 0.45:
        image = night(image, random)
    elif draw < 0.9:
        image = colour(image, random)
    if random.random() < 0.3:
        image = blur(image, random)
    if random.random() < 0.2:
        image = coarse(image, random)
    if random.random() < 0.3:
        image = jpeg(image, random)
    return image


def night(image: Image, random: Generator) -> Image:
    """Low light: usually grey (infra-red), gamma 1 to 3, 15 to 100 % of the light, shot and read noise."""
    light = np.asarray(image / np.float32(255), np.float32)
    if random.random() < 0.8:
        light = np.asarray(cv2.cvtColor(light, cv2.COLOR_RGB2GRAY), np.float32)[:, :, None]
    light = light ** np.float32(random.uniform(1.0, 3.0)) * np.float32(np.exp(random.uniform(np.log(0.15), 0.0)))
    light = light * np.float32(max(1.0, 0.03 / max(float(light.mean()), 1e-4)))
    if random.random() < 0.4:
        light = light * _lamp(image.shape[:2], random)[:, :, None]
    read, shot = random.uniform(0, 0.055), random.uniform(0, 0.008)
    noise = _noise(light.shape, random) * np.sqrt(read**2 + shot * light)
    out = np.clip((light + noise) * (255 * random.uniform(0.8, 1.2)), 0, 255).astype(np.uint8)
    return np.repeat(out, 3, axis=2) if out.shape[2] == 1 else out


def colour(image: Image, random: Generator) -> Image:
    """Brightness, contrast, gamma, white balance, saturation; sometimes grey, sometimes a little noise."""
    table = np.arange(256, dtype=np.float32) / 255
    gains = random.uniform(0.7, 1.35) * random.uniform(0.9, 1.1, 3)
    gamma, pivot, contrast = random.uniform(0.65, 1.6), random.uniform(0.3, 0.6), random.uniform(0.7, 1.35)
    curve = ((table[:, None] * gains) ** gamma - pivot) * contrast + pivot
    out = cv2.LUT(image, np.clip(curve * 255, 0, 255).astype(np.uint8)[None])
    if random.random() < 0.5:
        grey = cv2.cvtColor(out, cv2.COLOR_RGB2GRAY)[:, :, None].repeat(3, 2)
        share = random.uniform(0, 1.0) if random.random() < 0.7 else 1.0
        out = cv2.addWeighted(out, 1 - share, grey, share, 0)
    if random.random() < 0.2:
        noisy = out + _noise(out.shape, random) * random.uniform(2, 14)
        out = np.clip(noisy, 0, 255).astype(np.uint8)
    return np.asarray(out, np.uint8)


def blur(image: Image, random: Generator) -> Image:
    """Motion blur along a random direction, or defocus."""
    if random.random() < 0.35:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), random.uniform(0.5, 1.8)), np.uint8)
    length = int(random.integers(3, 14))
    kernel = np.zeros((length, length), np.float32)
    angle = random.uniform(0, np.pi) if random.random() < 0.5 else random.normal(0, 0.15)
    reach = np.array([np.cos(angle), np.sin(angle)]) * (length - 1) / 2
    middle = np.full(2, (length - 1) / 2)
    start, end = np.rint(middle - reach).astype(int), np.rint(middle + reach).astype(int)
    cv2.line(kernel, start.tolist(), end.tolist(), 1.0)
    return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum()), np.uint8)


def coarse(image: Image, random: Generator) -> Image:
    """Fewer pixels, scaled up again."""
    height, width = image.shape[:2]
    share = random.uniform(0.4, 0.8)
    small = cv2.resize(image, (int(width * share), int(height * share)), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def jpeg(image: Image, random: Generator) -> Image:
    """JPEG of quality 15 to 70."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(15, 70))])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def _noise(shape: tuple[int, ...], random: Generator) -> NDArray[np.float32]:
    """Normal noise, cut from a fixed sheet because drawing it anew costs more than the rest."""
    count = int(np.prod(shape))
    start = int(random.integers(0, len(_SHEET) - count))
    return _SHEET[start : start + count].reshape(shape)


_SHEET = np.random.default_rng(7).normal(0, 1, 3_000_000).astype(np.float32)


def _lamp(size: tuple[int, int], random: Generator) -> NDArray[np.float32]:
    """Light that falls off from a point, as of the camera's own infra-red lamp."""
    y, x = np.ogrid[: size[0], : size[1]]
    cy, cx = random.uniform(0.2, 0.8) * size[0], random.uniform(0.2, 0.8) * size[1]
    reach = random.uniform(0.5, 1.2) * size[1]
    return (1 / (1 + ((y - cy) ** 2 + (x - cx) ** 2) / reach**2 * 2)).astype(np.float32)
