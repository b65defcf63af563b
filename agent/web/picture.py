"""Pictures for viewers: one JPEG of the newest frame, made in a worker thread, once for all who want it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from agent.web.feed import LiveFeed
from hal.ports import U8, Yuv420

MAX_WIDTH = 1280
QUALITY = 80


def _table(values: NDArray[np.float64]) -> U8:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


FULL_LUMA = _table((np.arange(256) - 16) * 255 / 219)
FULL_CHROMA = _table((np.arange(256) - 128) * 255 / 224 + 128)
"""From the limited range of BT.601 to the full range of JFIF."""


def encode_jpeg(picture: Yuv420, *, max_width: int = MAX_WIDTH, quality: int = QUALITY) -> bytes:
    """A full-range JFIF picture, 4:2:0, no wider than `max_width`; rows of the planes may be strided."""
    y, u, v = picture.y, picture.u, picture.v
    if picture.width > max_width:
        width, height = max_width, round(picture.height * max_width / picture.width / 2) * 2
        y = _resized(y, width, height)
        u, v = (_resized(plane, (width + 1) // 2, height // 2) for plane in (u, v))
    planes = cv2.LUT(y, FULL_LUMA), cv2.LUT(u, FULL_CHROMA), cv2.LUT(v, FULL_CHROMA)
    return bytes(simplejpeg.encode_jpeg_yuv_planes(*planes, quality))


def _resized(plane: U8, width: int, height: int) -> U8:
    return cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


@dataclass(frozen=True, slots=True)
class Picture:
    """An encoded frame; `number` is its Moment's."""

    number: int
    jpeg: bytes


class PictureStream:
    """The newest frame as a JPEG. Works only when asked; `encoded` counts how often it had to."""

    def __init__(self, feed: LiveFeed) -> None:
        self._feed = feed
        self._lock = asyncio.Lock()
        self._picture: Picture | None = None
        self.encoded = 0

    async def after(self, number: int) -> Picture | None:
        """A picture newer than `number`; None when the feed is closed. The caller must be watching the feed."""
        async with self._lock:  # The first who asks encodes; those who waited meanwhile find its picture.
            if self._picture and self._picture.number > number:
                return self._picture
            moment = await self._feed.newer(number)
            if moment is None:
                return None
            jpeg = await asyncio.to_thread(encode_jpeg, moment.outcome.frame.main)
            self.encoded += 1
            self._picture = Picture(moment.number, jpeg)
            return self._picture
