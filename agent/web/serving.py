"""The API behind the doors: aiohttp answers whoever comes in, and those who have waited for it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from agent.web.doors import Doors
from agent.web.guard import Doorkeeper

_log = logging.getLogger(__name__)


@asynccontextmanager
async def opened(app: web.Application, keeper: Doorkeeper) -> AsyncIterator[Doors]:
    """The application runs, with no door yet; all are closed at the end."""
    doors = Doors(keeper)
    async with answered(app, doors):
        yield doors


@asynccontextmanager
async def answered(app: web.Application, doors: Doors) -> AsyncIterator[None]:
    """The application answers behind these doors while this lasts; then all are closed."""
    runner = web.AppRunner(
        app, access_log=None, logger=_log, shutdown_timeout=2.0, lingering_time=0.0, auto_decompress=False
    )
    await runner.setup()
    assert runner.server is not None
    doors.keeper.serve(runner.server)
    try:
        yield
    finally:
        doors.close()
        await runner.cleanup()


def _is_ours(record: logging.LogRecord) -> bool:
    """Whether it is an error of ours: nobody fills the log by sending what is no request, or by going away."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError | ConnectionError)


def _is_worth_it(record: logging.LogRecord) -> bool:
    """Not what asyncio says of an answer that nobody takes any more, once for each of its parts."""
    return record.msg not in ("SSL connection is closed", "socket.send() raised exception.")


_log.addFilter(_is_ours)
logging.getLogger("asyncio").addFilter(_is_worth_it)
