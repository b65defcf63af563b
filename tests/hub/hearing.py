"""Listens on loopback for one camera's announcement, however long a busy computer takes; others may announce, too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from agent.hub.discover import Browser, Change, Found, News

LOOPBACK = ("127.0.0.1",)
_WITHIN_S = 20.0


async def next_of(changes: AsyncGenerator[Change], device: str) -> Change:
    """The next news of the camera with this id. Raises TimeoutError."""
    async with asyncio.timeout(_WITHIN_S):
        async for change in changes:
            if change.camera.id == device:
                return change
    raise AssertionError("the browser ended")


async def heard(device: str, **facts: str) -> Found:
    """What the camera with this id announces, once it has these facts. Raises TimeoutError."""
    async with asyncio.timeout(_WITHIN_S), Browser(LOOPBACK) as browser, aclosing(browser.changes()) as changes:
        while True:
            news, camera = await next_of(changes, device)
            if news is not News.GONE and facts.items() <= camera.facts.items():
                return camera
