"""The live page in a real browser: what it shows, and how it behaves when the camera goes, is full, or is told lies."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from agent.domain import Box, Json
from agent.web.live import LiveLimits
from tests.web.scenes import Camera, camera, showing, track
from tools.devtools import Tab, browser_tab, find_browser

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(find_browser() is None, reason="no Chromium is installed (apt-get install chromium)"),
]
WITHIN_S = 30.0
WALKER = track(4, Box(0.6, 0.3, 0.7, 0.9))
WATCH = """window.wrongs = [];
    addEventListener("error", e => wrongs.push(`error ${e.message ?? e.target.src}`), true);
    addEventListener("unhandledrejection", e => wrongs.push(`rejected ${e.reason}`));
    addEventListener("securitypolicyviolation", e => wrongs.push(`policy ${e.violatedDirective} ${e.blockedURI}`));"""


def state(name: str) -> str:
    return f"document.documentElement.dataset.state === '{name}'"


def text(selector: str) -> str:
    return f"document.querySelector({json.dumps(selector)})?.textContent"


@asynccontextmanager
async def page_of(shop: Camera) -> AsyncIterator[Tab]:
    """The camera's page, with everything that goes wrong in it written down in `wrongs`."""
    async with browser_tab() as tab:
        await tab.call("Page.enable")
        await tab.call("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
        await tab.open(shop.url)
        yield tab


async def test_it_shows_what_the_camera_knows() -> None:
    async with camera(on=True) as shop, showing(shop, tracks=[WALKER]), page_of(shop) as page:
        shop.feed.status_from(lambda: {"hub": {"text": "linked", "state": "ok"}})
        await page.until(state("live"), WITHIN_S)
        await page.until("document.getElementById('picture').naturalWidth === 320", WITHIN_S)
        head: dict[str, Json] = {"type": "incident", "id": "a-1", "kind": "restricted", "zone": "stock", "tracks": [4]}
        shop.feed.note({**head, "state": "open", "severity": "critical", "opened_s": 0.0})
        await page.until("document.querySelectorAll('#events li.critical.open').length === 1", WITHIN_S)
        await page.until("document.querySelector('.person.confirmed.alarmed') !== null", WITHIN_S)
        await page.until("document.querySelector('.zone.restricted.alarmed .hatch') !== null", WITHIN_S)
        assert await page.evaluate(text("h1")) == "aisle-3"
        assert await page.evaluate(text("#people")) == "1 person in view"
        assert await page.evaluate(text(".light.on.siren .state")) == "ON · blink 2 Hz"
        assert await page.evaluate(text("#zones li.held b")) == "1"
        await page.until(text(".fact.ok dd") + " === 'linked'", WITHIN_S)
        assert await page.evaluate(text("#announce")) == "Restricted area: person 4 · stock"
        assert "Restricted area" in await page.evaluate(text("#alarms li.critical"))
        shop.feed.note({**head, "state": "closed", "severity": "critical", "opened_s": 0.0, "t_s": 3.0})
        await page.until("document.querySelector('#alarms li') === null", WITHIN_S)
        assert await page.evaluate("wrongs") == []


async def test_words_from_the_camera_stay_words() -> None:
    async with camera() as shop, showing(shop), page_of(shop) as page:
        trap = "<img src=x onerror=wrongs.push('trapped')>"
        shop.feed.note({"type": "event", "kind": trap, "note": trap, "track": trap})
        await page.until("document.querySelectorAll('#events li').length === 1", WITHIN_S)
        assert trap in await page.evaluate(text("#events li .detail"))
        assert await page.evaluate("document.querySelector('#events img')") is None
        assert await page.evaluate("wrongs") == []


async def test_pausing_gives_the_picture_back() -> None:
    async with camera() as shop, showing(shop), page_of(shop) as page:
        await page.until("document.getElementById('picture').naturalWidth === 320", WITHIN_S)
        await shop.watched(by=2)
        await page.evaluate("document.getElementById('pause').click()")
        await shop.watched(by=1)
        await page.until(state("paused"), WITHIN_S)
        assert await page.evaluate("document.getElementById('frozen').hidden") is False
        shop.feed.note({"type": "event", "kind": "dwell", "zone": "stock", "track": 4, "dwell_s": 3.0})
        await page.evaluate("document.getElementById('pause').click()")
        await shop.watched(by=2)
        await page.until("document.querySelectorAll('#events li').length === 1", WITHIN_S)


async def test_it_says_so_when_the_camera_is_gone_and_comes_back_by_itself() -> None:
    async with AsyncExitStack() as outer:
        async with camera(on=True) as shop, showing(shop):
            page = await outer.enter_async_context(page_of(shop))
            await page.until(state("live"), WITHIN_S)
        await page.until(state("lost"), WITHIN_S)
        assert "connection to the camera is lost" in await page.evaluate(text("#banner"))
        assert await page.evaluate(text(".light .state")) == "not known"
        assert await page.evaluate("document.querySelector('.light.on')") is None
        async with camera(port=shop.port) as again, showing(again):
            await page.until(state("live"), WITHIN_S)
            assert await page.evaluate("document.getElementById('banner').hidden") is True


async def test_it_says_so_when_pictures_stop() -> None:
    async with camera() as shop, page_of(shop) as page:
        await page.until(state("stale"), WITHIN_S)
        assert await page.evaluate(text("#veil")) == "Waiting for the first picture"
        async with showing(shop):
            await page.until(state("live"), WITHIN_S)
        await page.until(state("stale"), WITHIN_S)
        assert "No new picture for" in await page.evaluate(text("#veil"))


async def test_it_says_so_when_every_seat_is_taken() -> None:
    async with camera(limits=LiveLimits(viewers=0)) as shop, page_of(shop) as page:
        await page.until(state("full"), WITHIN_S)
        assert "watching this camera already" in await page.evaluate(text("#banner"))
