"""The commissioning page: small, whole, without inline script; and in a browser, from a link to the report."""

from __future__ import annotations

import asyncio
import re
import zipfile
from pathlib import Path

import pytest

from agent.web.live import HEADERS, PAGES
from tools.devtools import Tab, find_browser
from tools.page_camera import camera
from tools.page_tour import click, draw, page, report, select, silence

STATIC = Path(__file__).parents[2] / "agent" / "web" / "static"
MOST_BYTES = 150_000


def texts(suffix: str) -> dict[str, str]:
    return {path.name: path.read_text() for path in STATIC.glob(f"*{suffix}")}


def test_it_is_small() -> None:
    assert sum(path.stat().st_size for path in STATIC.iterdir()) < MOST_BYTES


def test_every_file_is_served_and_no_other() -> None:
    assert {path.name for path in STATIC.iterdir()} == set(PAGES)


def test_scripts_import_only_what_is_there() -> None:
    for name, text in texts(".js").items():
        found = set(re.findall(r'from "\./([a-z]+\.js)"', text))
        assert found <= set(PAGES), name
        assert len(re.findall(r"^import ", text, re.M)) == len(re.findall(r'^import .* from "\./', text, re.M)), name


def test_nothing_is_inline_and_nothing_comes_from_elsewhere() -> None:
    html = texts(".html")["page.html"]
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son[a-z]+=|\sstyle=|javascript:", html)
    for name, text in (texts(".html") | texts(".css") | texts(".js")).items():
        elsewhere = set(re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]+", text)) - {"http://www.w3.org"}
        assert not elsewhere, name
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|\beval\(|document\.write", text), name
    policy = HEADERS["Content-Security-Policy"]
    assert "'unsafe" not in policy
    assert policy.startswith("default-src 'none'")


def test_every_id_that_scripts_ask_for_stands_in_the_page_once() -> None:
    ids = re.findall(r'\sid="([^"]+)"', texts(".html")["page.html"])
    assert len(ids) == len(set(ids))
    asked = {found for text in texts(".js").values() for found in re.findall(r'\$\("([a-z-]+)"\)', text)}
    assert asked <= set(ids)


def test_every_field_has_a_label() -> None:
    html = texts(".html")["page.html"]
    for name in ("input", "select"):
        fields = re.findall(rf"<{name} ", html)
        labelled = re.findall(rf'<label class="field"><span>[^<]+</span><{name} ', html)
        assert len(fields) == len(labelled) > 0


async def by_keyboard(tab: Tab) -> None:
    """Draw a mask with keys alone, and undo it."""
    await click(tab, "#views [href='#zones']")
    await tab.until("document.querySelectorAll('#draw-list li').length === 3", 20)
    await select(tab, "#draw-what", "privacy_mask")
    await click(tab, "#draw-new")
    for key in (" ", *("ArrowRight",) * 9, " ", *("ArrowDown",) * 9, " ", "Enter"):
        await tab.call("Input.dispatchKeyEvent", type="keyDown", key=key)
        await tab.call("Input.dispatchKeyEvent", type="keyUp", key=key)
    await tab.until("document.querySelectorAll('#draft .handle.corner').length === 3", 20)
    assert await tab.evaluate("document.querySelectorAll('#draw-list li').length") == 4
    await tab.evaluate("document.querySelector('#draft .handle.corner').focus()")
    await tab.call("Input.dispatchKeyEvent", type="keyDown", key="+")
    await tab.until("document.querySelectorAll('#draft .handle.corner').length === 4", 20)
    await click(tab, "#draw-undo")
    await click(tab, "#draw-undo")
    await tab.until("document.querySelectorAll('#draw-list li').length === 3", 20)
    assert await tab.evaluate("document.getElementById('draw-save').hidden") is True


@pytest.mark.lab
@pytest.mark.timeout(300)
@pytest.mark.skipif(find_browser() is None, reason="no Chromium is installed (apt-get install chromium)")
@pytest.mark.parametrize("phone", [True, False], ids=["phone", "desktop"])
async def test_from_a_link_to_the_report_of_an_intruder(tmp_path: Path, phone: bool) -> None:
    async with camera() as shop, page(await shop.link(), tmp_path, phone=phone) as tab:
        await tab.evaluate("""window.wrongs = [];
            addEventListener("error", e => wrongs.push(`error ${e.message}`));
            addEventListener("unhandledrejection", e => wrongs.push(`rejected ${e.reason}`));
            addEventListener("securitypolicyviolation", e => wrongs.push(`policy ${e.violatedDirective}`));""")
        await by_keyboard(tab)
        await draw(tab, phone=phone)
        written = await asyncio.to_thread((shop.folder / "camera.toml").read_text)
        assert 'name = "store-room"' in written
        await silence(tab)
        found = await report(tab, tmp_path)
        names = zipfile.ZipFile(found).namelist()
        assert "report.html" in names
        assert any(name.endswith(".mp4") for name in names)
        assert await tab.evaluate("wrongs") == []
        await click(tab, "#views [href='#camera']")
        await click(tab, "#sessions-list li button")
        await tab.until("document.documentElement.dataset.over === 'yes'", 20)
        assert "let in no longer" in await tab.evaluate("document.getElementById('banner').textContent")
