"""The health view in a browser: charts of a history that the camera's own history wrote, also as words and tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.web.test_live_page import WATCH
from tools.devtools import Tab, find_browser
from tools.page_camera import Running, camera
from tools.page_past import DAYS, UNPLUGGED
from tools.page_tour import SOON_S, click, page

pytestmark = [
    pytest.mark.lab,
    pytest.mark.timeout(300),
    pytest.mark.skipif(find_browser() is None, reason="no Chromium is installed (apt-get install chromium)"),
]
HOURS = 24 * 14
MISSING = len(UNPLUGGED)


async def graph(tab: Tab, metric: str, what: str) -> Any:
    """Something about one metric's graph; `graph` is its element."""
    return await tab.evaluate(
        f"(() => {{ const graph = document.querySelector('.graph[data-metric={metric}]'); return {what}; }})()"
    )


async def open_health(tab: Tab) -> None:
    await click(tab, "#views [href='#health']")
    await tab.until("document.querySelector('.graph[data-metric=soc_temp_c] .course')", SOON_S)


@pytest.mark.parametrize("phone", [True, False], ids=["phone", "desktop"])
async def test_each_metric_has_a_chart_of_what_was_kept(tmp_path: Path, phone: bool) -> None:
    async with camera(past=True) as shop, page(await shop.link(), tmp_path, phone=phone) as tab:
        await tab.evaluate(WATCH)
        await open_health(tab)
        shown = await tab.evaluate(
            "[...document.querySelectorAll('#history-list .graph')].map(one => one.dataset.metric)"
        )
        assert shown[:5] == ["soc_temp_c", "focus_detail", "lens_detail", "brightness", "fps"]
        assert {"disk_free_pct", "wifi_signal_dbm", "mem_available_pct"} <= {*shown}
        await draws_what_was_kept(tab, shop)
        await tells_it_in_words(tab)
        await looks_further_back(tab)
        await shows_the_rest(tab)
        assert await tab.evaluate("wrongs") == []


async def draws_what_was_kept(tab: Tab, shop: Running) -> None:
    """Two stretches with a gap between them, values on an axis, dates below, the limit where it is."""
    assert await graph(tab, "soc_temp_c", "graph.querySelectorAll('.course').length") == 2
    assert await graph(tab, "soc_temp_c", "graph.querySelectorAll('.hole').length") == 1
    marks = await graph(tab, "soc_temp_c", "[...graph.querySelectorAll('text')].map(one => one.textContent)")
    assert {"60", "70", "80", "highest good: 80.0 °C"} <= {*marks}
    points = await graph(
        tab, "soc_temp_c", "[...graph.querySelectorAll('.course')].map(one => one.getTotalLength() > 20)"
    )
    assert points == [True, True]
    wide = "[...document.querySelectorAll('.chart')].every(one => one.getBoundingClientRect().right <= innerWidth)"
    assert await tab.evaluate(wide)


async def tells_it_in_words(tab: Tab) -> None:
    """A title, a description, a table with each hour, and what is under the finger."""
    assert (
        await graph(tab, "soc_temp_c", "graph.querySelector('svg title').textContent") == "Temperature of the processor"
    )
    told = await graph(tab, "soc_temp_c", "graph.querySelector('svg desc').textContent")
    assert "Highest that is good: 80.0 °C." in told
    assert "1 stretch without figures." in told
    assert "heat sink" in told
    await click(tab, ".graph[data-metric=soc_temp_c] summary")
    rows = await graph(tab, "soc_temp_c", "graph.querySelectorAll('tbody tr').length")
    assert HOURS - MISSING <= rows <= HOURS - MISSING + 25
    newest = await graph(tab, "soc_temp_c", "graph.querySelector('tbody td').textContent")
    assert newest.endswith(" °C")
    await graph(tab, "fps", "graph.scrollIntoView({block: 'center'})")
    sides = "['x', 'y', 'width', 'height'].map(side => graph.querySelector('svg').getBoundingClientRect()[side])"
    x, y, width, height = await graph(tab, "fps", sides)
    await tab.call("Input.dispatchMouseEvent", type="mouseMoved", x=x + width / 3, y=y + height / 2)
    await tab.until("document.querySelector('.graph[data-metric=fps] .readout text')", SOON_S)
    assert (await graph(tab, "fps", "graph.querySelector('.readout text').textContent")).endswith(" /s")


async def looks_further_back(tab: Tab) -> None:
    """Everything: by days, with what is foretold and what was done."""
    await click(tab, "#history-days")
    await tab.until("document.querySelector('.graph[data-metric=disk_free_pct] .likely')", SOON_S)
    rows = await graph(tab, "soc_temp_c", "graph.querySelectorAll('tbody tr').length")
    assert DAYS - 1 <= rows <= DAYS + 2
    done = await graph(tab, "lens_detail", "graph.querySelector('.service title').textContent")
    assert done.endswith(": cleaned the lens")
    assert await graph(tab, "fps", "graph.querySelector('.likely')") is None


async def shows_the_rest(tab: Tab) -> None:
    """What is 0 or 1 as a share of the time."""
    await click(tab, "#history-more > summary")
    await tab.until("document.querySelector('#history-rest [data-metric=link_up] .course')", SOON_S)
    assert await graph(tab, "link_up", "graph.querySelector('h3').textContent") == "The network link is up"
    assert "100 % of the time" in await graph(tab, "link_up", "graph.querySelector('.help').textContent")


async def test_a_new_camera_says_that_nothing_is_kept_yet(tmp_path: Path) -> None:
    async with camera() as shop, page(await shop.link(), tmp_path, phone=True) as tab:
        await click(tab, "#views [href='#health']")
        await tab.until("!document.getElementById('history-none').hidden", SOON_S)
        assert await tab.evaluate("document.getElementById('history').hidden") is True
