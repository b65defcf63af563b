"""Pictures of the live page for the documentation: runs `aislewatch demo`, waits for an alarm, photographs the page.

    python tools/screenshot_live.py [--out docs/pictures] [--url http://127.0.0.1:8723/ | --model NAME]

Needs Chromium (Debian: `apt-get install chromium`). The browser is driven by its DevTools protocol, because a page
with an endless picture never finishes loading.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import itertools
import re
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

ROOT = Path(__file__).resolve().parent.parent
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
ALARM = """document.documentElement.dataset.state === 'live'
    && document.documentElement.classList.contains('alarmed')
    && document.querySelector('.light.siren.on') !== null
    && document.querySelectorAll('#events li').length >= 3"""
SETTLED = "new Promise(done => requestAnimationFrame(() => setTimeout(() => done(true), 400)))"
ALARM_WITHIN_S = 150.0
QUALITY = 88


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: the size of the screen in CSS pixels, its density, and the reader's colour setting."""

    name: str
    width: int
    height: int
    density: float
    dark: bool


SHOTS = (
    Shot("live-desktop-dark", 1440, 900, 1, True),
    Shot("live-desktop-light", 1440, 900, 1, False),
    Shot("live-phone-dark", 390, 844, 2, True),
    Shot("live-phone-light", 390, 844, 2, False),
    Shot("live-small-phone", 360, 640, 2, False),
)


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
        """The value of a JavaScript expression; promises are awaited."""
        answer = await self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        return answer["result"].get("value")

    async def until(self, expression: str, within_s: float) -> None:
        """Wait for an expression to be true. Raises TimeoutError."""
        look = (
            f"new Promise(done => {{ const look = () => ({expression}) ? done(true) : setTimeout(look, 50); look() }})"
        )
        async with asyncio.timeout(within_s):
            await self.evaluate(look)

    async def shoot(self, shot: Shot) -> bytes:
        """A JPEG of the page as it looks on this screen: much smaller than a PNG of a camera's picture."""
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=shot.width,
            height=shot.height,
            deviceScaleFactor=shot.density,
            mobile=shot.width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if shot.dark else "light"}
        await self.call("Emulation.setEmulatedMedia", features=[scheme])
        await self.evaluate(SETTLED)
        answer = await self.call("Page.captureScreenshot", format="jpeg", quality=QUALITY)
        return base64.b64decode(answer["data"])


@asynccontextmanager
async def browser_tab() -> AsyncIterator[Tab]:
    """A fresh browser with an empty profile. Raises FileNotFoundError when none is installed."""
    program = next((found for name in BROWSERS if (found := shutil.which(name))), None)
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
            address = await _announced(process.stderr, rb"DevTools listening on ws://([^/\s]+)")
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


async def _announced(lines: asyncio.StreamReader, pattern: bytes) -> str:
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


@asynccontextmanager
async def demonstration(model: str | None) -> AsyncIterator[str]:
    """A running demonstration; gives the address of its live page."""
    command = [sys.executable, "-m", "agent", "demo", "--no-browser", "--port", "0"]
    command += ["--model", model] if model else []
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        address = await _announced(process.stdout, rb"(http://\S+/)")
        async with reading_on(process.stdout):
            yield address
    finally:
        process.terminate()
        await process.wait()


async def photograph(url: str, out: Path) -> None:
    """Wait for the first alarm of the demonstration at `url` and take every shot of it."""
    async with browser_tab() as tab:
        await tab.call("Page.navigate", url=url)
        await tab.until(ALARM, ALARM_WITHIN_S)
        for shot in SHOTS:
            path = out / f"{shot.name}.jpg"
            path.write_bytes(await tab.shoot(shot))
            print(f"{path}  {shot.width}x{shot.height}  {path.stat().st_size // 1024} KiB")


async def run(url: str | None, model: str | None, out: Path) -> None:
    """Photograph the demonstration at `url`, or one of our own."""
    if url:
        await photograph(url, out)
        return
    async with demonstration(model) as address:
        await photograph(address, out)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures")
    parser.add_argument("--url", help="a demonstration that runs already")
    parser.add_argument("--model", help="the demonstration's model, instead of its own choice")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    asyncio.run(run(arguments.url, arguments.model, arguments.out))


if __name__ == "__main__":
    main()
