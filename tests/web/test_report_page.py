"""The page of a report in a real browser: its pictures show, nothing is fetched, nothing sticks out, it prints."""

from __future__ import annotations

import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.evidence.test_parcel import report  # noqa: F401  a fixture
from tools.devtools import Tab, browser_tab, find_browser

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(find_browser() is None, reason="no Chromium is installed (apt-get install chromium)"),
]
WATCH = """window.wrongs = [];
    addEventListener("error", e => wrongs.push(`error ${e.message ?? e.target.src}`), true);
    addEventListener("securitypolicyviolation", e => wrongs.push(`policy ${e.violatedDirective} ${e.blockedURI}`));"""
FETCHED = "performance.getEntriesByType('resource').filter(e => !e.name.startsWith('data:')).map(e => e.name)"


@asynccontextmanager
async def page_of(parcel: Path, folder: Path) -> AsyncIterator[Tab]:
    with zipfile.ZipFile(parcel) as file:
        file.extractall(folder)
    async with browser_tab() as tab:
        await tab.call("Page.enable")
        await tab.call("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
        await tab.open((folder / "report.html").as_uri())
        await tab.until("document.readyState === 'complete'", 30)
        yield tab


async def test_the_page_shows_everything_by_itself(report: Path, tmp_path: Path) -> None:  # noqa: F811
    async with page_of(report, tmp_path) as tab:
        assert await tab.evaluate("wrongs") == []
        assert await tab.evaluate(FETCHED) == []
        assert await tab.evaluate("[...document.images].map(i => i.naturalWidth)") == [64, 64, 64]
        assert "Loitering" in str(await tab.evaluate("document.body.innerText"))
        links = await tab.evaluate("[...document.links].map(a => a.getAttribute('href'))")
        assert [(tmp_path / link).is_file() for link in links] == [True]


@pytest.mark.parametrize("width", [360, 768, 1400])
async def test_nothing_sticks_out_at_any_width(report: Path, tmp_path: Path, width: int) -> None:  # noqa: F811
    async with page_of(report, tmp_path) as tab:
        await tab.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        assert await tab.evaluate("document.documentElement.scrollWidth") <= width


async def test_it_prints_on_few_pages(report: Path, tmp_path: Path) -> None:  # noqa: F811
    async with page_of(report, tmp_path) as tab:
        await tab.call("Emulation.setEmulatedMedia", media="print")
        assert await tab.evaluate("getComputedStyle(document.body).paddingLeft") == "0px"
        printed = await tab.call("Page.printToPDF", paperWidth=8.27, paperHeight=11.69)
        assert len(printed["data"]) > 10_000
