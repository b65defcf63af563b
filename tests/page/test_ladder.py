"""What a phone on a ladder meets, in a browser: a small screen, thick fingers, a network that goes, busy hands."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from agent.web.live import LiveFeed, add_live
from agent.web.sessions import IDLE_S, LASTS_S
from hal.system import SystemClock
from tests.web.pairing_camera import pairing_camera
from tests.web.scenes import CONFIG
from tools.devtools import Tab, find_browser
from tools.page_camera import WITHIN_S, Running, camera
from tools.page_tour import FLOOR, SOON_S, click, draw_new, enter, look, page

pytestmark = [
    pytest.mark.lab,
    pytest.mark.timeout(300),
    pytest.mark.skipif(find_browser() is None, reason="no Chromium is installed (apt-get install chromium)"),
]
VIEWS = ("live", "zones", "aim", "walk", "outputs", "health", "incidents", "camera")
READY = {
    "zones": "document.querySelectorAll('#draw-list li').length === 3",
    "aim": "document.getElementById('aim-best').textContent",
    "outputs": "document.querySelectorAll('#try-list li').length === 2",
    "health": "document.querySelector('.graph .course') && document.getElementById('readings').children.length",
    "camera": "document.getElementById('identity').children.length > 0",
}
LOST = "document.dispatchEvent(new CustomEvent('lost'))"
AGAIN = "What you drew before is here again. Save it, or undo it."
ASKED = "performance.getEntriesByType('resource').filter(one => one.name.endsWith('/v1/sessions')).length"
SMALL = """[...document.querySelectorAll("button, a, select, summary, label.check, input:not([type=checkbox])")]
    .filter(one => one.getClientRects().length && getComputedStyle(one).visibility !== "hidden")
    .map(one => [one.textContent.trim().slice(0, 30) || one.id, one.getBoundingClientRect()])
    .filter(([, box]) => Math.min(box.width, box.height) < 43.5)
    .map(([name, box]) => `${name}: ${box.width.toFixed(0)} x ${box.height.toFixed(0)}`)"""
WIDE = """[...document.querySelectorAll("main *, header *, #banner, #notice")]
    .filter(one => !one.closest("svg, .unseen, .figures table, .tools button, .tools .button"))
    .filter(one => one.getClientRects().length)
    .filter(one => one.getBoundingClientRect().right > innerWidth + 0.5)
    .map(one => `${one.tagName} ${one.id} ${one.className}: ${one.getBoundingClientRect().right.toFixed(0)}`)"""


async def test_everything_fits_a_narrow_phone_and_a_finger(tmp_path: Path) -> None:
    async with camera(past=True) as shop, page(await shop.link(), tmp_path, phone=True) as tab:
        await look(tab, phone=True, dark=False, narrow=True)
        for view in VIEWS:
            await click(tab, f"#views [href='#{view}']")
            await tab.until(READY.get(view, "true"), SOON_S)
            assert (view, await tab.evaluate("innerWidth"), await tab.evaluate(WIDE)) == (view, 360, [])
            assert (view, await tab.evaluate("document.documentElement.scrollWidth")) == (view, 360)
            assert (view, await tab.evaluate(SMALL)) == (view, [])


@contextmanager
def silent(shop: Running) -> Iterator[None]:
    """The camera says nothing, as when the network has gone without a goodbye."""
    os.kill(shop.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(shop.pid, signal.SIGCONT)


async def test_what_was_drawn_outlives_a_network_that_goes_and_comes(tmp_path: Path) -> None:
    async with camera() as shop, page(await shop.link(), tmp_path, phone=True) as tab:
        await click(tab, "#views [href='#zones']")
        await tab.until(READY["zones"], SOON_S)
        await draw_new(tab, "zone", FLOOR, phone=True)
        with silent(shop):
            await tab.until("document.documentElement.dataset.state === 'lost'", WITHIN_S)
            said = await tab.evaluate("document.getElementById('banner').textContent")
            assert said == "The connection to the camera is lost. What you see is old. Trying again by itself."
        await tab.until("document.documentElement.dataset.state === 'live'", WITHIN_S)
        assert await tab.evaluate("document.getElementById('banner').hidden") is True
        assert await tab.evaluate("document.querySelectorAll('#draw-list li').length") == 4
        assert await tab.evaluate("document.documentElement.hasAttribute('data-unsaved')") is True


async def leave_all_the_same(tab: Tab) -> None:
    """Say yes when the browser asks whether to leave what is not saved."""
    async with asyncio.timeout(SOON_S):
        while True:
            with suppress(RuntimeError):  # it has not asked yet
                await tab.call("Page.handleJavaScriptDialog", accept=True)
                return


async def test_what_was_drawn_is_there_again_when_the_page_is_loaded_anew(tmp_path: Path) -> None:
    async with camera() as shop, page(await shop.link(), tmp_path, phone=True) as tab:
        await click(tab, "#views [href='#zones']")
        await tab.until(READY["zones"], SOON_S)
        await draw_new(tab, "zone", FLOOR, phone=True)
        await tab.call("Page.reload")
        await leave_all_the_same(tab)
        await enter(tab, "live")
        await tab.until("document.querySelectorAll('#draw-list li').length === 4", SOON_S)
        assert await tab.evaluate("document.getElementById('draw-said').textContent") == AGAIN
        await click(tab, "#draw-undo")
        assert await tab.evaluate("document.querySelectorAll('#draw-list li').length") == 3
        await tab.call("Page.reload")
        await enter(tab, "live")
        await tab.until(READY["zones"], SOON_S)
        assert await tab.evaluate("document.getElementById('draw-said').textContent") == ""


async def look_again(tab: Tab) -> None:
    """Have the page ask for how long it is let in, as it does twice a minute."""
    asked = await tab.evaluate(ASKED)
    await tab.evaluate(LOST)
    await tab.until(f"{ASKED} > {asked}", SOON_S)


async def test_the_end_of_the_session_is_told_before_it_comes(tmp_path: Path) -> None:
    feed = LiveFeed(CONFIG, SystemClock(), list)
    async with pairing_camera(tmp_path / "camera", also=lambda app: add_live(app, feed)) as shop:
        offered = await shop.local("/v1/sessions", {})
        async with page(offered.json["url"], tmp_path, phone=True, pictures=False) as tab:
            for _ in range(3):
                assert await tab.evaluate("document.getElementById('notice').hidden") is True
                shop.clock.sleep(IDLE_S - 60)
                await look_again(tab)
            await tab.until("!document.getElementById('notice').hidden", SOON_S)
            said = await tab.evaluate("document.getElementById('notice').textContent")
            assert said.startswith("You are let in for 3 more minutes. Save what you have drawn;")
            shop.clock.sleep(LASTS_S)
            await tab.evaluate(LOST)
            await tab.until("document.documentElement.dataset.over === 'yes'", SOON_S)
            assert "let in no longer" in await tab.evaluate("document.getElementById('banner').textContent")
        feed.close()


async def test_the_screen_stays_on_where_hands_are_elsewhere(tmp_path: Path) -> None:
    async with camera() as shop, page(await shop.link(), tmp_path, phone=True) as tab:
        await tab.evaluate("""window.held = new Set();
            const before = navigator.wakeLock.request.bind(navigator.wakeLock);
            navigator.wakeLock.request = async (kind) => { const lock = await before(kind); held.add(lock);
                lock.addEventListener("release", () => held.delete(lock)); return lock; };""")
        await click(tab, "#views [href='#camera']")
        await click(tab, "#views [href='#aim']")
        await tab.until("held.size === 1", SOON_S)
        await click(tab, "#views [href='#outputs']")
        await tab.until("held.size === 0", SOON_S)


async def test_focus_shows_the_best_so_far_until_it_is_forgotten(tmp_path: Path) -> None:
    async with camera() as shop, page(await shop.link(), tmp_path, phone=True) as tab:
        await click(tab, "#views [href='#aim']")
        await tab.until("parseFloat(document.getElementById('aim-peak').style.left) > 40", SOON_S)
        peak = await tab.evaluate("parseFloat(document.getElementById('aim-peak').style.left)")
        assert peak >= await tab.evaluate("document.getElementById('aim-focus').value")
        level = await tab.evaluate("document.getElementById('aim-level-text').textContent")
        assert level.startswith(("good (", "leans by ", "no uprights"))
        await click(tab, "#aim-hear")
        assert await tab.evaluate("document.getElementById('aim-hear').getAttribute('aria-pressed')") == "true"
        await click(tab, "#aim-anew")
        await tab.until("document.getElementById('aim-best').textContent.startsWith('As sharp')", SOON_S)
