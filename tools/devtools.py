"""Drives a headless Chromium by its DevTools protocol, which copes with a picture that never finishes loading.

Needs Chromium (Debian: `apt-get install chromium`).
"""

from __future__ import annotations

import asyncio
import itertools
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def find_browser() -> str | None:
    """The path of an installed Chromium."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


class Tab:
    """One page of the browser, spoken to in the DevTools protocol."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)

    async def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Ask, and wait for the answer. Raises RuntimeError with the browser's words when it refuses."""
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        while True:
            answer: dict[str, Any] = await self._socket.receive_json()
            if answer.get("id") == number:
                break
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        result: dict[str, Any] = answer["result"]
        return result

    async def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression; promises are awaited. Raises RuntimeError when it throws."""
        answer = await self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"].get("exception", {}).get("description", expression))
        return answer["result"].get("value")

    async def open(self, url: str) -> None:
        """Go to a page and wait until its elements are there."""
        await self.call("Page.navigate", url=url)
        await self.until("document.readyState !== 'loading'", 30)

    async def until(self, expression: str, within_s: float) -> None:
        """Wait for an expression to be true. Raises TimeoutError."""
        look = (
            f"new Promise(done => {{ const look = () => ({expression}) ? done(true) : setTimeout(look, 50); look() }})"
        )
        async with asyncio.timeout(within_s):
            await self.evaluate(look)


@asynccontextmanager
async def browser_tab() -> AsyncIterator[Tab]:
    """A fresh browser with an empty profile. Raises FileNotFoundError when none is installed."""
    program = find_browser()
    if program is None:
        raise FileNotFoundError("no Chromium found: apt-get install chromium")
    with tempfile.TemporaryDirectory(prefix="aislewatch-browser-", ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            program,
            *FLAGS,
            f"--user-data-dir={profile}",
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stderr is not None
        try:
            address = await announced(process.stderr, rb"DevTools listening on ws://([^/\s]+)")
            async with (
                reading_on(process.stderr),
                aiohttp.ClientSession() as session,
                session.ws_connect(await _page_address(session, address), max_msg_size=0) as socket,
            ):
                yield Tab(socket)
        finally:
            process.terminate()
            await process.wait()


async def _page_address(session: aiohttp.ClientSession, address: str) -> str:
    """The WebSocket address of a new page."""
    async with session.put(f"http://{address}/json/new?about:blank") as answer:
        return str((await answer.json())["webSocketDebuggerUrl"])


async def announced(lines: asyncio.StreamReader, pattern: bytes) -> str:
    """What the pattern finds in the first line that has it. Raises RuntimeError when the program ends before."""
    async with asyncio.timeout(60):
        async for line in lines:
            if found := re.search(pattern, line):
                return found.group(1).decode()
    raise RuntimeError("the program ended before it was ready")


@asynccontextmanager
async def reading_on(lines: asyncio.StreamReader) -> AsyncIterator[None]:
    """Meanwhile, take what a program still prints, so that it never waits for us."""
    reading = asyncio.create_task(lines.read())
    try:
        yield
    finally:
        reading.cancel()
