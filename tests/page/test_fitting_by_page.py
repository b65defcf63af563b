"""What a fitter does on the page, in a browser: shapes of every kind, refusals, a walk test, pairing by QR code."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import tomllib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.cli.camera import aislewatch
from tools.devtools import Tab, find_browser
from tools.page_camera import ROOT, WITHIN_S, camera
from tools.page_tour import SOON_S, click, draw_new, page, save, select, tap, write

pytestmark = [
    pytest.mark.lab,
    pytest.mark.timeout(300),
    pytest.mark.skipif(find_browser() is None, reason="no Chromium is installed (apt-get install chromium)"),
]
SHELF = ((0.5, 0.6), (0.9, 0.6), (0.9, 0.9), (0.5, 0.9))
FRONT = ((0.5, 0.2), (0.9, 0.2), (0.9, 0.5), (0.5, 0.5))
BOW = ((0.2, 0.3), (0.4, 0.5), (0.4, 0.3), (0.2, 0.5))
CORNER = ((0.7, 0.02), (0.9, 0.02), (0.9, 0.15), (0.7, 0.15))
LINE = ((0.3, 0.8), (0.7, 0.8))
ROWS = "document.querySelectorAll('#draw-list li').length"


async def text(tab: Tab, name: str) -> str:
    return str(await tab.evaluate(f"document.getElementById('{name}').textContent"))


async def arrow_below(tab: Tab) -> bool:
    """Whether the chosen line's arrow points down the picture."""
    return bool(
        await tab.evaluate("""(() => {
        const line = document.querySelector(".plan.line.chosen");
        const word = line.parentElement.querySelector(".in-word").getBoundingClientRect();
        const box = line.getBoundingClientRect();
        return word.top + word.height / 2 > box.top + box.height / 2;
    })()""")
    )


async def turn_a_line(tab: Tab, *, phone: bool) -> None:
    """Draw one; "in" is to the right of who walks along it, until it is swapped."""
    await draw_new(tab, "line", LINE, phone=phone)
    await write(tab, "#place-name", "aisle")
    assert await arrow_below(tab)
    await press(tab, "Swap in and out")
    assert not await arrow_below(tab)


async def press(tab: Tab, words: str) -> None:
    """Press the button of the form with these words."""
    found = f"[...document.querySelectorAll('#draw-form button')].find(one => one.textContent === {json.dumps(words)})"
    await tab.until(f"{found}", SOON_S)
    await tab.evaluate(f"{found}.click()")


async def make_a_shelf(tab: Tab, *, phone: bool) -> None:
    """A shelf with its front."""
    await select(tab, "#draw-kind", "shelf")
    await draw_new(tab, "zone", SHELF, phone=phone)
    await press(tab, "Draw its front")
    await tap(tab, FRONT, phone=phone)
    await click(tab, "#draw-finish")
    await tab.until("document.querySelector('.plan.front.chosen')", SOON_S)


async def be_refused(tab: Tab, *, phone: bool) -> None:
    """A zone that crosses itself is not taken: the zone is shown, with what to do."""
    await select(tab, "#draw-kind", "generic")
    await draw_new(tab, "zone", BOW, phone=phone)
    await tab.evaluate("document.querySelector('#draw-list button').click()")
    await write(tab, "#draw-reason", "more of them")
    await click(tab, "#draw-send")
    await tab.until("document.querySelector('#draw-form .said.bad')", SOON_S)
    said = await tab.evaluate("document.querySelector('#draw-form .said.bad').textContent")
    assert said == "The outline crosses itself: give the corners in order round the zone."
    assert await tab.evaluate("document.getElementById('place-name').value") == "generic"
    assert await tab.evaluate("document.querySelectorAll('#draw-list .wrong').length") == 1
    assert (await text(tab, "draw-said")).startswith("Not saved: one shape needs a change.")


async def unsaved(tab: Tab) -> bool:
    """Whether the browser would ask before it leaves."""
    asked = "!dispatchEvent(new Event('beforeunload', {cancelable: true}))"
    marked = await tab.evaluate("document.documentElement.hasAttribute('data-unsaved')")
    assert await tab.evaluate(asked) is marked
    return bool(marked)


@pytest.mark.parametrize("phone", [True, False], ids=["phone", "desktop"])
async def test_shapes_of_every_kind_are_drawn_refused_mended_and_kept(tmp_path: Path, phone: bool) -> None:
    async with camera() as shop, page(await shop.link(), tmp_path, phone=phone) as tab:
        await click(tab, "#views [href='#zones']")
        await tab.until(f"{ROWS} === 3", SOON_S)
        assert not await unsaved(tab)
        await turn_a_line(tab, phone=phone)
        await make_a_shelf(tab, phone=phone)
        for mask in ("motion_mask", "object_mask", "privacy_mask"):
            await draw_new(tab, mask, CORNER, phone=phone)
        await be_refused(tab, phone=phone)
        assert await unsaved(tab)
        await press(tab, "Delete")
        await save(tab, "as the shop stands now")
        assert not await unsaved(tab)
        kept = tomllib.loads(await asyncio.to_thread((shop.folder / "camera.toml").read_text))
    assert near(kept["line"][1]["points"], LINE[::-1])
    shelf = kept["zone"][1]
    assert (shelf["kind"], len(kept["zone"])) == ("shelf", 2)
    assert near(shelf["polygon"], SHELF)
    assert near(shelf["front"], FRONT)
    assert near(kept["motion_mask"][0]["polygon"], CORNER)
    assert near(kept["object_mask"][0]["polygon"], CORNER)
    assert len(kept["privacy_mask"]) == 2


def near(found: Any, wanted: Any) -> bool:
    """Within three pixels of a phone."""
    return bool(np.allclose(found, wanted, atol=0.008))


async def test_a_walk_through_everything_ends_in_a_signed_record(tmp_path: Path) -> None:
    async with camera() as shop, page(await shop.link(), tmp_path, phone=True) as tab:
        await click(tab, "#views [href='#walk']")
        await write(tab, "#walk-note", "with the manager")
        await click(tab, "#walk-begin")
        await tab.until("document.querySelectorAll('#walk-list li').length === 2", SOON_S)
        await tab.until("document.querySelectorAll('#walk-list li.done').length === 2", 2 * WITHIN_S)
        assert "noticed you" in await text(tab, "announce")
        await click(tab, "#walk-end")
        await tab.until("document.getElementById('walk-said').textContent.startsWith('Passed')", SOON_S)
        for name in ("record.json", "record.json.sig"):
            await click(tab, f"#walk-files [data-file='{name}']")
            await downloaded(tmp_path / name)
        record = json.loads((tmp_path / "record.json").read_text())
        assert record["passed"] is True
        assert record["made"]["note"] == "with the manager"
        assert {place["name"] for place in record["walk_test"]["places"]} == {"till", "entrance"}
        assert (await aislewatch("verify", tmp_path / "record.json")).code == 0


OUTLINES = "document.querySelectorAll('#overlay .floor path').length"


async def test_people_on_the_floor_show_how_the_camera_hangs(tmp_path: Path) -> None:
    async with camera() as shop, page(await shop.link(), tmp_path, phone=True) as tab:
        await click(tab, "#views [href='#walk']")
        await click(tab, "#floor")
        await tab.until(f"{OUTLINES} > 5", SOON_S)
        await write(tab, "#walk-stature", "1.78")
        await click(tab, "#walk-begin")
        await tab.until("!document.getElementById('walk-end').hidden", SOON_S)
        await click(tab, "#walk-end")
        await tab.until("document.getElementById('walk-mount').textContent.startsWith('The mount was not')", SOON_S)
        assert await tab.evaluate("document.getElementById('walk-mount-save').hidden")
        await click(tab, "#views [href='#live']")
        assert await tab.evaluate("getComputedStyle(document.querySelector('#overlay .floor')).display") == "none"
        await click(tab, "#views [href='#aim']")
        await click(tab, "#floor")
        await tab.until(f"{OUTLINES} === 0", SOON_S)


async def downloaded(path: Path) -> None:
    async with asyncio.timeout(SOON_S):
        while not await asyncio.to_thread(lambda: path.exists() and path.stat().st_size > 0):  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.05)


async def code_shown(tab: Tab) -> str:
    """What a hub's reader makes of the QR code on the screen."""
    await tab.until(
        "document.querySelector('.qr')?.naturalWidth > 0 || document.querySelector('.qr')?.complete", SOON_S
    )
    await tab.evaluate("document.querySelector('.qr').scrollIntoView({block: 'center'})")
    shot = await tab.call("Page.captureScreenshot", format="png")
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(shot["data"]), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    read, *_ = cv2.QRCodeDetector().detectAndDecode(picture)
    return read


@pytest.mark.parametrize("phone", [True, False], ids=["phone", "desktop"])
async def test_a_hub_that_reads_the_code_on_the_screen_gets_the_camera(tmp_path: Path, phone: bool) -> None:
    async with camera() as shop, page(await shop.link(), tmp_path, phone=phone) as tab:
        await click(tab, "#views [href='#camera']")
        await click(tab, "#pair")
        await tab.until("document.querySelector('#pair-qr code')", SOON_S)
        code = await code_shown(tab)
        assert code == await tab.evaluate("document.querySelector('#pair-qr code').textContent")
        assert code.startswith("AISLEWATCH:1:")
        hub = await asyncio.create_subprocess_exec(
            *(sys.executable, "tools/hub.py", "claim", code, "--database", str(tmp_path / "hub.db")),
            *("--host", "127.0.0.1", "--store", "shop"),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await hub.communicate()
        assert hub.returncode == 0, said.decode()
        await tab.until("document.getElementById('pair-said').textContent.startsWith('Paired')", SOON_S)
        assert await tab.evaluate("document.querySelector('.qr')") is None
        assert "claimed" in await text(tab, "identity")
