"""`aislewatch demo`: a camera on a simulated shop (or a video), a hub that finds it by mDNS, and a live page."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import sys
import tempfile
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from agent.app import Running, run_camera
from agent.cli.files import read_config
from agent.cli.running import run_until_stopped, show_items
from agent.config import Config, parse_config
from agent.tables.camera import CameraConfig

log = logging.getLogger(__name__)

HUB = Path(__file__).parents[2] / "tools" / "hub.py"

# The alarms are short, so that a visitor sees them end by their limits.
RULES = """
[[output]]
name = "siren"
pin = 17
pattern = "pulse"
on_s = 0.8
off_s = 0.4
max_on_s = 6
max_per_hour_s = 120
[[output]]
name = "strobe"
pin = 27
pattern = "blink"
hz = 2
max_on_s = 20
"""
RULE_OF_KIND = {
    "restricted": 'kind = "restricted"\nseverity = "critical"\nactions = ["siren", "strobe"]',
    "high_value": 'kind = "loitering"\nafter_s = 20\nseverity = "warning"\nactions = ["strobe"]',
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What the demonstration is asked to show."""

    source: str | None
    seconds: float | None
    port: int
    model: str | None
    scene: str
    seed: int
    config: Path | None
    browser: bool
    as_json: bool


def run(wish: Wish) -> None:
    """Show it until Ctrl-C, the end of the source, or the time asked for."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s", force=True)
    folder = tempfile.mkdtemp(prefix="aislewatch-demo-")
    try:
        run_until_stopped(lambda stop: _show(wish, Path(folder), stop))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _show(wish: Wish, folder: Path, stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    running: asyncio.Future[Running] = loop.create_future()
    camera_stop = asyncio.Event()
    camera = asyncio.create_task(run_camera(demo_config(wish, folder), camera_stop, running.set_result))
    camera.add_done_callback(lambda _: running.cancel())
    camera.add_done_callback(lambda _: stop.set())
    try:
        with contextlib.suppress(asyncio.CancelledError):
            shown = await running
            _introduce(shown, wish)
            if wish.seconds:
                loop.call_later(wish.seconds, stop.set)
            async with _hub(folder, shown.status.identity().id, as_json=wish.as_json):
                await stop.wait()
    finally:
        # The hub goes first: it would only complain about the camera being gone.
        camera_stop.set()
        await camera


def _introduce(running: Running, wish: Wish) -> None:
    show_items(running, as_json=wish.as_json, mark="camera   -> ")
    if not wish.as_json:
        print(f"live page  {running.url}/   (Ctrl-C ends the demonstration)", flush=True)
    if wish.browser and sys.stdout.isatty():
        webbrowser.open(f"{running.url}/")


def demo_config(wish: Wish, folder: Path) -> Config:
    """The configuration of the demonstration: the given one, else the simulated shop's own zones and rules."""
    base = read_config(wish.config) if wish.config else _default(wish)
    source = wish.source or base.camera.source
    camera = replace(base.camera, source=source, scene=wish.scene, seed=wish.seed)
    return replace(
        base,
        camera=camera,
        model=replace(base.model, name=wish.model) if wish.model else base.model,
        api=replace(base.api, plain=True, host="127.0.0.1", port=wish.port, tls_port=-1, socket=None),
        storage=replace(base.storage, data_dir=str(folder)),
        gpio=replace(base.gpio, driver="simulated"),
    )


def _default(wish: Wish) -> Config:
    if wish.source not in (None, "simulated"):
        return parse_config(f'[camera]\nname = "demo"\n{RULES}')
    return parse_config(shop_config_text(CameraConfig().width / CameraConfig().height))


def shop_config_text(aspect: float) -> str:
    """The simulated shop's mount, zones, lines and rules as a configuration, for pictures of this width / height."""
    from hal.simulated.shop import load_layout

    layout = load_layout().with_aspect(aspect)
    optics = layout.optics
    mount = f"height_m = {optics.position[2]:.2f}\ntilt_deg = {optics.tilt_deg:.1f}\nview_deg = {optics.hfov_deg:.1f}"
    parts = ['[camera]\nname = "aisle-3"', f"[mount]\n{mount}", RULES]
    for zone in layout.zones:
        corners = [[_inside(x), _inside(y)] for x, y in zone.polygon]
        parts.append(f'[[zone]]\nname = "{zone.name}"\nkind = "{zone.kind}"\npolygon = {corners}\nreport_dwell = true')
        if rule := RULE_OF_KIND.get(zone.kind):
            parts.append(f'[[rule]]\nzone = "{zone.name}"\n{rule}')
    for line in layout.lines:
        points = [[_inside(x), _inside(y)] for x, y in line.points]
        parts.append(f'[[line]]\nname = "{line.name}"\npoints = {points}')
    return "\n".join(parts)


def _inside(value: float) -> float:
    return round(min(max(value, 0.0), 1.0), 4)


@asynccontextmanager
async def _hub(folder: Path, camera: str, *, as_json: bool) -> AsyncIterator[None]:
    """The reference hub as a process of its own; it finds the camera by mDNS and prints what it stored."""
    if not HUB.exists():
        log.warning("the reference hub is part of a checkout, not of an installation: going on without one")
        yield
        return
    # Only the demonstration's own camera: it must not link to somebody's real ones.
    options = ["--database", str(folder / "hub.db"), "--camera", camera, "--interface", "127.0.0.1"]
    options += ["--json"] if as_json else []
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(HUB), *options, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
    )
    printing = asyncio.create_task(_print_lines(process, "" if as_json else "hub      <- "))
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
        await printing


async def _print_lines(process: asyncio.subprocess.Process, mark: str) -> None:
    assert process.stdout is not None
    async for line in process.stdout:
        print(mark + line.decode().rstrip(), flush=True)
