"""A tour of the commissioning page in a browser, as a person takes it: from a link to the report of an intruder.

Taken by `tools.screenshot_page` for its pictures and by tests/page for what must hold on the way.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tools.devtools import Tab, browser_tab
from tools.page_camera import WITHIN_S

SOON_S = 20.0
Place = tuple[float, float]
FLOOR: tuple[Place, ...] = ((0.08, 0.45), (0.92, 0.45), (0.97, 0.95), (0.06, 0.95))
"""Where the tour draws its restricted zone: most of the floor."""
Shoot = Callable[[str], Awaitable[None]]


@asynccontextmanager
async def page(
    link: str, downloads: Path, *, phone: bool, dark: bool = False, pictures: bool = True
) -> AsyncIterator[Tab]:
    """A browser that has followed the link and is let in; where the camera gives no pictures, it waits for none."""
    async with browser_tab() as tab:
        await tab.call("Page.enable")
        await tab.call("Security.setIgnoreCertificateErrors", ignore=True)  # the camera's certificate is its own
        await tab.call("Page.setDownloadBehavior", behavior="allow", downloadPath=str(downloads))
        await look(tab, phone=phone, dark=dark)
        await tab.call("Page.navigate", url=link)
        await enter(tab, "live" if pictures else "stale")
        yield tab


async def enter(tab: Tab, state: str) -> None:
    """Wait until the page is in this state; the link's own page leads there. Raises TimeoutError."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            with suppress(RuntimeError):  # the page that was asked has gone
                await tab.until(
                    f"location.pathname === '/' && document.documentElement.dataset.state === '{state}'", WITHIN_S
                )
                return


async def look(tab: Tab, *, phone: bool, dark: bool, narrow: bool = False) -> None:
    """Take the screen of a phone (a narrow one) or of a desk, light or dark."""
    width, height, density = (360 if narrow else 390, 844, 2) if phone else (1440, 900, 1)
    await tab.call(
        "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=density, mobile=phone
    )
    await tab.call("Emulation.setTouchEmulationEnabled", enabled=phone)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    await tab.call("Emulation.setEmulatedMedia", features=[scheme])


async def click(tab: Tab, selector: str) -> None:
    """Press what a selector finds, once it is there and can be pressed. Raises TimeoutError."""
    found = f"document.querySelector({json.dumps(selector)})"
    await tab.until(f"{found} && !{found}.disabled && {found}.getClientRects().length", SOON_S)
    await tab.evaluate(f"{found}.click()")


async def write(tab: Tab, selector: str, text: str) -> None:
    """Type into a field."""
    await tab.evaluate(f"document.querySelector({json.dumps(selector)}).focus()")
    await tab.evaluate("document.activeElement.select?.()")
    await tab.call("Input.insertText", text=text)


async def select(tab: Tab, selector: str, value: str) -> None:
    """Choose in a list."""
    found = f"document.querySelector({json.dumps(selector)})"
    await tab.evaluate(f"{found}.value = {json.dumps(value)}; {found}.dispatchEvent(new Event('change'))")


async def tap(tab: Tab, points: Iterable[Place], *, phone: bool) -> None:
    """Tap places of the picture (0..1), by finger or mouse."""
    await tab.evaluate("document.getElementById('stage').scrollIntoView({block: 'center'})")
    box = await tab.evaluate("(() => { const b = document.getElementById('draft').getBoundingClientRect();"
                             " return [b.left, b.top, b.width, b.height]; })()")  # fmt: skip
    for x, y in points:
        at = {"x": box[0] + x * box[2], "y": box[1] + y * box[3]}
        if phone:
            await tab.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=[at])
            await tab.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
        else:
            for kind in ("mousePressed", "mouseReleased"):
                await tab.call("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **at)


async def nothing(_: str) -> None:
    """Take no picture."""


async def draw_new(tab: Tab, table: str, points: Iterable[Place], *, phone: bool) -> None:
    """Draw a shape of a table of the configuration."""
    await select(tab, "#draw-what", table)
    await click(tab, "#draw-new")
    await tap(tab, points, phone=phone)
    await click(tab, "#draw-finish")


async def save(tab: Tab, reason: str, *, shoot: Shoot = nothing) -> None:
    """Save what was drawn; the camera tries it and keeps it."""
    await write(tab, "#draw-reason", reason)
    await shoot("zones")
    await click(tab, "#draw-send")
    await tab.until("document.getElementById('draw-said').textContent.startsWith('Kept')", 2 * WITHIN_S)


async def draw(tab: Tab, *, phone: bool, shoot: Shoot = nothing) -> None:
    """Draw a restricted zone that sounds the siren, and save it; the camera tries it and keeps it."""
    await click(tab, "#views [href='#zones']")
    await tab.until("document.querySelectorAll('#draw-list li').length === 3", SOON_S)
    await select(tab, "#draw-what", "zone")
    await select(tab, "#draw-kind", "restricted")
    await click(tab, "#draw-new")
    await tap(tab, FLOOR[:3], phone=phone)
    await shoot("drawing")
    await tap(tab, FLOOR[3:], phone=phone)
    await click(tab, "#draw-finish")
    await write(tab, "#place-name", "store-room")
    await click(tab, "#draw-form input[value='siren']")
    await save(tab, "nobody has business there", shoot=shoot)


async def silence(tab: Tab, *, shoot: Shoot = nothing) -> None:
    """See the intruder alarm, and silence it with a reason."""
    await click(tab, "#views [href='#live']")
    await tab.until("document.querySelector('.light.siren.on') && document.querySelector('#alarms li')", WITHIN_S)
    await shoot("alarm")
    await click(tab, "#views [href='#outputs']")
    await write(tab, "#silence-reason", "the fitter walks about")
    await click(tab, "#silence-send")
    await tab.until("document.getElementById('silence-said').textContent.startsWith('Silenced: siren')", SOON_S)
    await shoot("outputs")


async def report(tab: Tab, downloads: Path, *, shoot: Shoot = nothing) -> Path:
    """Find the incident, confirm it, and take its report away; where that is. Raises TimeoutError."""
    await click(tab, "#views [href='#incidents']")
    while not await tab.evaluate("document.querySelectorAll('#incidents-list .stills img').length"):
        await click(tab, "#incidents-again")
        await tab.until("!document.getElementById('incidents-again').disabled", SOON_S)
        await click(tab, "#incidents-list li:last-child summary")
        await tab.until("document.querySelector('#incidents-list .stills')?.children.length", SOON_S)
    await tab.until("document.querySelector('.stills img').naturalWidth > 0", SOON_S)
    await click(tab, "#incidents-list .buttons button")
    await tab.until("document.querySelector('#incidents-list .inside .said').textContent === 'Confirmed.'", SOON_S)
    await tab.evaluate("document.querySelector('.stills').scrollIntoView({block: 'center'})")
    await shoot("incident")
    await click(tab, "#incidents-list .report")
    async with asyncio.timeout(WITHIN_S):
        while not (found := await asyncio.to_thread(_zips, downloads)):  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.1)
    return found[0]


def _zips(folder: Path) -> list[Path]:
    return [*folder.glob("*.zip")]


async def rest(tab: Tab, *, shoot: Shoot) -> None:
    """The other views."""
    for view, ready in (
        ("aim", "document.getElementById('aim-tiles').children.length === 9"),
        ("walk", "!document.getElementById('walk-begin').hidden"),
        ("health", "document.getElementById('readings').children.length && document.querySelector('.graph .course')"),
        ("camera", "document.getElementById('identity').children.length > 0"),
    ):
        await click(tab, f"#views [href='#{view}']")
        await tab.until(ready, SOON_S)
        await shoot(view)


async def past(tab: Tab, *, shoot: Shoot) -> None:
    """The camera's own figures over all its days, and the code by which a hub takes it."""
    await click(tab, "#views [href='#health']")
    await click(tab, "#history-days")
    await tab.until("document.querySelector('.likely')", SOON_S)
    await tab.evaluate("document.getElementById('history-title').closest('.card').scrollIntoView()")
    await shoot("history")
    await click(tab, "#views [href='#camera']")
    await click(tab, "#pair")
    await tab.until("document.querySelector('.qr')?.naturalWidth > 0", SOON_S)
    await tab.evaluate("document.getElementById('pairing').scrollIntoView()")
    await shoot("pairing")


async def walk(tab: Tab, *, shoot: Shoot) -> None:
    """A walk test, as far as something has noticed somebody, with people drawn on the floor."""
    await click(tab, "#views [href='#walk']")
    await write(tab, "#walk-stature", "1.78")
    await click(tab, "#floor")
    await click(tab, "#walk-begin")
    await tab.until("document.querySelector('#walk-list li.done')", 2 * WITHIN_S)
    await shoot("walk")
    await click(tab, "#floor")
    await click(tab, "#walk-end")


async def shapes(tab: Tab, *, phone: bool, shoot: Shoot) -> None:
    """A line with its direction, and a shelf with its front; nothing is saved."""
    await click(tab, "#views [href='#zones']")
    await tab.until("!document.getElementById('draw-new').disabled", SOON_S)
    await draw_new(tab, "line", ((0.62, 0.93), (0.93, 0.62)), phone=phone)
    await shoot("line")
    await select(tab, "#draw-kind", "shelf")
    await draw_new(tab, "zone", ((0.38, 0.55), (0.62, 0.45), (0.72, 0.52), (0.48, 0.64)), phone=phone)
    await click(tab, "#draw-form .plain:not(.danger)")
    await tap(tab, ((0.39, 0.12), (0.62, 0.06), (0.62, 0.42), (0.39, 0.5)), phone=phone)
    await click(tab, "#draw-finish")
    await shoot("shelf")
    for _ in range(3):
        await click(tab, "#draw-undo")
