"""axe-core finds nothing serious on any view, in light and dark. It comes from the npm registry and is never kept."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from tools.devtools import Tab, find_browser
from tools.page_camera import camera
from tools.page_tour import click, look, page

AXE = "axe-core@4.10.3"
OPENED = {
    "zones": "document.querySelector('#draw-list li button').click()",
    "walk": "document.getElementById('walk-begin').click()",
    "health": "document.querySelectorAll('.figures, #history-more').forEach((one) => { one.open = true; })",
    "incidents": "document.querySelector('#incidents-list summary')?.click()",
    "camera": "document.getElementById('pair').click()",
}
"""What shows the rest of a view."""
VIEWS = ("live", "zones", "aim", "walk", "outputs", "health", "incidents", "camera")
SETTLED = "new Promise(done => setTimeout(() => done(true), 800))"
RUN = """axe.run(document, {resultTypes: ['violations']}).then(found => found.violations
    .filter(one => ['serious', 'critical'].includes(one.impact))
    .flatMap(one => one.nodes.map(node => `${one.id}: ${node.target.join(' ')} ${node.failureSummary}`)))"""
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(400),
    pytest.mark.skipif(find_browser() is None, reason="no Chromium is installed (apt-get install chromium)"),
    pytest.mark.skipif(shutil.which("npm") is None, reason="axe-core comes by npm, which is not installed"),
]


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The text of axe-core; skips where the registry is not reached."""
    folder = tmp_path_factory.mktemp("axe")
    got = subprocess.run(["npm", "pack", AXE], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    if got.returncode:
        pytest.skip(f"the npm registry does not give {AXE}: {got.stderr.strip()[-200:]}")
    with tarfile.open(folder / got.stdout.split()[-1]) as packed:
        file = packed.extractfile("package/axe.min.js")
        assert file is not None
        return file.read().decode()


async def found(tab: Tab, view: str) -> list[str]:
    """What is wrong with a view."""
    await click(tab, f"#views [href='#{view}']")
    await tab.evaluate(SETTLED)
    await tab.evaluate(OPENED.get(view, "true"))
    await tab.evaluate(SETTLED)
    return [f"{view}: {one}" for one in await tab.evaluate(RUN)]


@pytest.mark.parametrize("phone", [True, False], ids=["phone", "desktop"])
async def test_nothing_serious_is_found(tmp_path: Path, axe: str, phone: bool) -> None:
    async with camera(past=True) as shop, page(await shop.link(), tmp_path, phone=phone) as tab:
        await tab.evaluate(axe)
        for dark in (False, True):
            await look(tab, phone=phone, dark=dark)
            wrong = [one for view in VIEWS for one in await found(tab, view)]
            assert wrong == []
