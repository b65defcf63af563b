"""A task that runs beside something, and ends with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any


@asynccontextmanager
async def beside(chore: Coroutine[Any, Any, None], name: str | None = None) -> AsyncIterator[None]:
    """It runs while this lasts; raises at the end what it failed of before."""
    task = asyncio.create_task(chore, name=name)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
