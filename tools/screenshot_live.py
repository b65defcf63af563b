"""Pictures of the live page for the documentation: runs `aislewatch demo`, waits for an alarm, photographs the page.

python -m tools.screenshot_live [--out docs/pictures] [--url http://127.0.0.1:8723/ | --model NAME]
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.devtools import Tab, announced, browser_tab, reading_on

ROOT = Path(__file__).resolve().parent.parent
ALARM = """document.documentElement.dataset.state === 'live'
    && document.documentElement.classList.contains('alarmed')
    && document.querySelector('.light.siren.on') !== null
    && document.querySelectorAll('#events li').length >= 3"""
SETTLED = "new Promise(done => requestAnimationFrame(() => setTimeout(() => done(true), 250)))"
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


async def shoot(tab: Tab, shot: Shot) -> bytes:
    """A JPEG of the page as it looks on this screen: much smaller than a PNG of a camera's picture."""
    await tab.call(
        "Emulation.setDeviceMetricsOverride",
        width=shot.width,
        height=shot.height,
        deviceScaleFactor=shot.density,
        mobile=shot.width < 600,
    )
    scheme = {"name": "prefers-color-scheme", "value": "dark" if shot.dark else "light"}
    await tab.call("Emulation.setEmulatedMedia", features=[scheme])
    await tab.evaluate(SETTLED)
    answer = await tab.call("Page.captureScreenshot", format="jpeg", quality=QUALITY)
    return base64.b64decode(answer["data"])


@asynccontextmanager
async def demonstration(model: str | None) -> AsyncIterator[str]:
    """A running demonstration; gives the address of its live page."""
    command = [sys.executable, "-m", "agent", "demo", "--no-browser", "--port", "0"]
    command += ["--model", model] if model else []
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        address = await announced(process.stdout, rb"(http://\S+/)")
        async with reading_on(process.stdout):
            yield address
    finally:
        process.terminate()
        await process.wait()


async def photograph(url: str, out: Path) -> None:
    """Wait for an alarm of the demonstration at `url` for every shot."""
    async with browser_tab() as tab:
        await tab.open(url)
        for shot in SHOTS:
            await tab.until(ALARM, ALARM_WITHIN_S)
            path = out / f"{shot.name}.jpg"
            path.write_bytes(await shoot(tab, shot))
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
