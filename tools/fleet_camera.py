"""One camera of the fleet (tools/fleet.py), as a process: it says its link's address, then tells events when told to.

A light one has journal, hub link and MQTT as every camera, and neither picture nor model. A whole one is
`agent.app.run_camera` with the simulated shop; its events are handed to the same desk that its walk uses.
Lines in: `RATE SECONDS`. Lines out: the address, then how many events were told, for each line.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a file, this folder's parent is unknown

from aiohttp import web

from agent.domain import Event, Json, Severity
from agent.events.journal import Journal
from agent.hub.identity import Identity
from agent.hub.link import LinkServer
from agent.hub.mqtt.outlet import Outlet
from agent.hub.mqtt.retained import Retained
from agent.hub.mqtt.service import MqttService
from agent.hub.mqtt.telling import Topics
from agent.tables.mqtt import MqttConfig
from hal.system import SystemClock

WHOLE = """
[camera]
name = "whole"
scene = "crowd"
width = 640
height = 360
fps = 10
[model]
name = "person-s"
[pose]
model = ""
[api]
port = 0
tls_port = -1
announce = false
[storage]
data_dir = "{folder}"
[gpio]
driver = "mock"
[mqtt]
host = "127.0.0.1"
port = {port}
tls = false
"""


class Orders(NamedTuple):
    """What a process is told at its start."""

    folder: Path
    device: str
    broker: int
    whole: bool


async def main(orders: Orders) -> None:
    """Be a camera until stdin ends."""
    await (_whole(orders) if orders.whole else _light(orders))


async def _light(orders: Orders) -> None:
    topics = Topics("aislewatch", orders.device)
    config = MqttConfig(host="127.0.0.1", port=orders.broker, tls=False)
    async with await Journal.open(orders.folder / "journal.db", SystemClock()) as journal:
        link = LinkServer(journal, Identity(orders.device, "fleet", "0"))
        app = web.Application()
        app.router.add_get("/v1/link", link.handle)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        outlet, retained = Outlet(journal, topics, onvif=False), Retained(journal, topics, (), dict)
        async with MqttService(config, topics, outlet, retained, SystemClock()).running():
            port = runner.addresses[0][1]
            await _obey(f"http://127.0.0.1:{port}", orders.device, lambda event: _drop(journal.append_nowait(event)))
        await link.close()
        await runner.cleanup()


async def _whole(orders: Orders) -> None:
    from agent.app import Running, run_camera
    from agent.config import parse_config

    stop, up = asyncio.Event(), asyncio.get_running_loop().create_future()
    config = parse_config(WHOLE.format(folder=orders.folder, port=orders.broker))
    camera = asyncio.create_task(run_camera(config, stop, up.set_result))
    running: Running = await up
    await _obey(running.url, orders.device, running.desk.report)
    stop.set()
    await camera


def _drop(_: object) -> None:
    """Nobody waits for it."""


async def _obey(url: str, device: str, tell: Callable[[Event], None]) -> None:
    print(json.dumps({"url": url}), flush=True)
    number = 0
    while line := await asyncio.to_thread(sys.stdin.readline):
        rate, seconds = map(float, line.split())
        begin_s = time.monotonic()
        for turn in range(round(rate * seconds)):
            await asyncio.sleep(max(0.0, begin_s + turn / rate - time.monotonic()))
            data: dict[str, Json] = {"camera": device, "n": number, "sent_s": time.monotonic()}
            tell(Event("load", time.monotonic(), Severity.WARNING, data))
            number += 1
        print(json.dumps({"told": number}), flush=True)


if __name__ == "__main__":
    folder, device, broker, kind = sys.argv[1:]
    with suppress(KeyboardInterrupt):
        asyncio.run(main(Orders(Path(folder), device, int(broker), kind == "whole")))
