"""A simulated camera in a process of its own, for the tour of its page: a till, a line, a siren and a door."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tools.loopback import free_ports
from tools.page_past import write_past

ROOT = Path(__file__).resolve().parent.parent
WITHIN_S = 60.0
CAMERA = """
[camera]
name = "aisle-3"
scene = "crowd"
width = 1280
height = 720
fps = 10
[mount]
height_m = 2.6
tilt_deg = 23
[api]
port = {plain}
tls_port = {tls}
announce = false
[storage]
data_dir = "{folder}"
[evidence]
min_free_mb = 0
pre_s = 2
post_s = 2
max_clip_s = 10
[gpio]
driver = "latched"
[[zone]]
name = "till"
kind = "checkout"
polygon = [[0.456, 1.0], [0.49, 0.967], [0.352, 0.771], [0.198, 0.884], [0.254, 1.0]]
[[line]]
name = "entrance"
points = [[0.0845, 0.9532], [0.3474, 0.7643]]
[[privacy_mask]]
polygon = [[0.02, 0.05], [0.14, 0.05], [0.14, 0.2], [0.02, 0.2]]
[[output]]
name = "siren"
pin = 17
role = "siren"
[[output]]
name = "strobe"
pin = 27
role = "strobe"
pattern = "blink"
[[input]]
name = "back-door"
kind = "door"
"""


@dataclass(frozen=True, slots=True)
class Running:
    """A camera in a process of its own, and the folder of its data."""

    plain: int
    folder: Path
    pid: int

    async def link(self) -> str:
        """A new link to the page, as `aislewatch page` shows it."""
        async with aiohttp.ClientSession() as http:
            url = f"http://127.0.0.1:{self.plain}/v1/sessions"
            async with http.post(url, json={}) as answer:
                return str((await answer.json())["url"])


@asynccontextmanager
async def camera(*, past: bool = False) -> AsyncIterator[Running]:
    """A simulated camera that watches, with a history of weeks if asked for; gone at the end. Raises TimeoutError."""
    with tempfile.TemporaryDirectory(prefix="aislewatch-tour-") as name:
        folder, (plain, tls) = Path(name), free_ports(2)
        config = folder / "camera.toml"
        config.write_text(CAMERA.format(plain=plain, tls=tls, folder=folder / "data"))
        if past:
            await asyncio.to_thread((folder / "data").mkdir)
            await write_past(folder / "data")
        command = [sys.executable, "-m", "agent", "run", "--config", str(config)]
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.DEVNULL)
        try:
            await answers(plain)
            yield Running(plain, folder, process.pid)
        finally:
            process.terminate()
            await process.wait()


async def answers(port: int) -> None:
    """Wait until the camera does. Raises TimeoutError."""
    async with asyncio.timeout(WITHIN_S), aiohttp.ClientSession() as http:
        while True:
            try:
                async with http.get(f"http://127.0.0.1:{port}/v1/identity"):
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.1)
