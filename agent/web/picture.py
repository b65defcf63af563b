"""Pictures for viewers: one JPEG of the newest frame, made in a worker thread, once for all who want it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from agent.jpeg import encode_jpeg
from agent.web.feed import LiveFeed


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

    async def next(self, within_s: float) -> Picture | None:
        """The next picture; None where the camera gives none in that time."""
        with suppress(TimeoutError), self._feed.watching():
            async with asyncio.timeout(within_s):
                return await self.after(self._feed.offered)
        return None

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
