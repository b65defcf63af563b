"""Pictures of the commissioning page for the documentation, taken on a tour of it with a simulated camera.

python -m tools.screenshot_page [--out docs/pictures]
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import tempfile
from pathlib import Path

from tools.devtools import Tab
from tools.page_camera import ROOT, camera
from tools.page_tour import Shoot, draw, look, page, past, report, rest, shapes, silence, walk
from tools.screenshot_live import QUALITY, SETTLED


def shooter(tab: Tab, out: Path, screen: str) -> Shoot:
    """What takes a picture by its name."""

    async def shoot(name: str) -> None:
        await tab.evaluate(SETTLED)
        answer = await tab.call("Page.captureScreenshot", format="jpeg", quality=QUALITY)
        path = out / f"page-{name}-{screen}.jpg"
        path.write_bytes(base64.b64decode(answer["data"]))
        print(f"{path}  {path.stat().st_size // 1024} KiB")

    return shoot


async def photograph(out: Path) -> None:
    """One tour on a phone, then the views again on a desktop in the dark."""
    with tempfile.TemporaryDirectory() as name:
        async with camera(past=True) as shop, page(await shop.link(), Path(name), phone=True) as tab:
            shoot = shooter(tab, out, "phone")
            await draw(tab, phone=True, shoot=shoot)
            await silence(tab, shoot=shoot)
            await rest(tab, shoot=shoot)
            await shapes(tab, phone=True, shoot=shoot)
            await past(tab, shoot=shoot)
            await walk(tab, shoot=shoot)
            await report(tab, Path(name), shoot=shoot)
            await look(tab, phone=False, dark=True)
            shoot = shooter(tab, out, "desktop")
            await rest(tab, shoot=shoot)
            await past(tab, shoot=shoot)
            for view in ("zones", "outputs", "incidents"):
                await tab.evaluate(f"location.hash = '{view}'")
                await tab.evaluate("new Promise(done => setTimeout(() => done(true), 1500))")
                await shoot(view)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    asyncio.run(photograph(arguments.out))


if __name__ == "__main__":
    main()
