"""Many cameras against one hub and one broker; measures the hub's side.

    python tools/fleet.py [--cameras N] [--seconds S] [--burst-seconds S] [--document FILE] [--json]

First one whole camera (simulated shop, model, four viewers of whom one takes nothing), then N light ones: journal, hub
link and MQTT as always, but neither picture nor model, because N models do not fit on one computer. All are processes;
so are the hub (tools/hub.py) and the broker (mosquitto). Every event is an alarm: it is synced to the camera's disk
alone, then goes to the hub's disk and to a subscriber of the broker. Delays are from the event's making to there.
Between cameras and hub there is no TLS. Exit status 1 when an event is lost or stored twice.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a file, this folder's parent is unknown

import aiohttp
import aiomqtt
import numpy as np

from tools.benchmarks.mosquitto import Mosquitto, mosquitto, no_mosquitto
from tools.benchmarks.report import Row, as_json, as_markdown, as_text, exit_code, not_measured, write_section

TOOLS = Path(__file__).resolve().parent
VIEWERS, STALLED = 4, 1
START_S, CATCH_UP_S = 240.0, 60.0
CALM, BURST = 20.0, 100.0
"""Events a second, of all cameras together."""
BROKER = "allow_anonymous true\nmax_queued_messages 0"
"""It keeps all that it confirmed for a subscriber who is slow: by itself mosquitto drops what exceeds a thousand."""


@dataclass
class Arrivals:
    """What came, by camera and number, and after how many milliseconds."""

    times: Counter[tuple[str, int]] = field(default_factory=Counter)
    delays_ms: list[float] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, fields: dict[str, Any]) -> None:
        """One event as somebody has it."""
        if fields.get("kind") == "load":
            self.delays_ms.append((time.monotonic() - fields["sent_s"]) * 1e3)
            self.times[(fields["camera"], fields["n"])] += 1
            self.news.set()

    async def until(self, count: int) -> None:
        """Wait until so many different ones are there, or none came for so long that the others count as lost."""
        with suppress(TimeoutError):
            while len(self.times) < count:
                self.news.clear()
                async with asyncio.timeout(CATCH_UP_S):
                    await self.news.wait()

    def words(self) -> str:
        """The delays for people."""
        middle, late = np.percentile(self.delays_ms, [50, 99]) if self.delays_ms else (np.nan, np.nan)
        return f"p50 {middle:.1f} ms, p99 {late:.1f} ms"


@dataclass
class Camera:
    """A process of tools/fleet_camera.py."""

    process: asyncio.subprocess.Process
    url: str
    told: int = 0

    async def tell(self, rate: float, seconds: float) -> None:
        """Have it tell events for a while."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{rate} {seconds}\n".encode())
        self.told = json.loads(await self.process.stdout.readline())["told"]


@dataclass
class Fleet:
    """Everything that runs."""

    cameras: list[Camera]
    hub: asyncio.subprocess.Process
    broker: Mosquitto
    at_hub: Arrivals
    at_broker: Arrivals

    async def load(self, rate: float, seconds: float) -> None:
        """All cameras tell events, so many a second together; returns when they have arrived, or are lost."""
        for arrivals in (self.at_hub, self.at_broker):
            arrivals.delays_ms.clear()
        await asyncio.gather(*(camera.tell(rate / len(self.cameras), seconds) for camera in self.cameras))
        told = sum(camera.told for camera in self.cameras)
        await asyncio.gather(self.at_hub.until(told), self.at_broker.until(told))

    def rows(self, what: str, rate: float, seconds: float) -> Iterator[Row]:
        """What was found, after a load."""
        told = sum(camera.told for camera in self.cameras)
        about = f"{rate:g} events/s for {seconds:g} s"
        for where, arrivals in (("hub", self.at_hub), ("broker's subscriber", self.at_broker)):
            late_ms = float(np.percentile(arrivals.delays_ms, 99)) if arrivals.delays_ms else None
            yield Row("load", f"{what}, {about}: to the {where}, p99 ms", late_ms, None, arrivals.words())
            yield Row("load", f"{what}, {about}: lost on the way to the {where}", told - len(arrivals.times), 0, "")
        twice = sum(self.at_hub.times.values()) - len(self.at_hub.times)  # it tells what was new in its database
        yield Row("load", f"{what}, {about}: stored twice by the hub", twice, 0, f"{told} events since the start")
        again = sum(self.at_broker.times.values()) - len(self.at_broker.times)
        memory = f"hub {_rss_mb(self.hub.pid):.0f} MB, broker {_rss_mb(self.broker.running.pid):.1f} MB resident"
        yield Row("load", f"{what}, {about}: repeated by the broker", again, None, memory)


@asynccontextmanager
async def fleet(folder: Path, count: int, *, whole: bool) -> AsyncIterator[Fleet]:
    """Cameras, hub and broker, until this ends."""
    with mosquitto(folder, BROKER) as broker:
        cameras = await _cameras(folder, count, broker.port, whole=whole)
        at_hub, at_broker = Arrivals(), Arrivals()
        hub = await _hub(folder, [camera.url for camera in cameras])
        subscribed = asyncio.Event()
        subscriber = asyncio.create_task(_subscribe(broker.port, at_broker, subscribed))
        listening = [asyncio.create_task(_read(hub, at_hub)), subscriber]
        try:
            async with asyncio.timeout(START_S):
                await subscribed.wait()  # what a camera tells before has nobody to come to
            yield Fleet(cameras, hub, broker, at_hub, at_broker)
        finally:
            for task in listening:
                task.cancel()
            for process in (hub, *(camera.process for camera in cameras)):
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()


async def _cameras(folder: Path, count: int, port: int, *, whole: bool) -> list[Camera]:
    processes = []
    for number in range(count):
        own = folder / f"camera-{number}"
        own.mkdir()
        words = (
            str(TOOLS / "fleet_camera.py"),
            str(own),
            f"fleet{number:04}",
            str(port),
            "whole" if whole else "light",
        )
        pipe = asyncio.subprocess.PIPE
        processes.append(await asyncio.create_subprocess_exec(sys.executable, *words, stdin=pipe, stdout=pipe))
    async with asyncio.timeout(START_S):
        return [Camera(process, json.loads(await _line(process))["url"]) for process in processes]


async def _hub(folder: Path, urls: Sequence[str]) -> asyncio.subprocess.Process:
    words = [str(TOOLS / "hub.py"), "run", "--no-browse", "--json", "--database", str(folder / "hub.db")]
    for url in urls:
        words += ["--url", f"{url.replace('http', 'ws', 1)}/v1/link"]
    none, pipe = asyncio.subprocess.DEVNULL, asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(sys.executable, *words, stdout=pipe, stderr=none)


async def _read(hub: asyncio.subprocess.Process, arrivals: Arrivals) -> None:
    while line := await _line(hub):
        arrivals.take(json.loads(line))


async def _subscribe(port: int, arrivals: Arrivals, subscribed: asyncio.Event) -> None:
    async with aiomqtt.Client("127.0.0.1", port, identifier="fleet", clean_session=False) as client:
        await client.subscribe("aislewatch/+/event/load", qos=1)
        subscribed.set()
        async for message in client.messages:
            arrivals.take(json.loads(bytes(message.payload)))


async def _line(process: asyncio.subprocess.Process) -> bytes:
    assert process.stdout is not None
    return await process.stdout.readline()


def _rss_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


class Viewers:
    """Who looks at a camera's live picture; the stalled ones take nothing."""

    def __init__(self) -> None:
        self.bytes = [0] * VIEWERS

    @asynccontextmanager
    async def watching(self, url: str) -> AsyncIterator[None]:
        """They look while this lasts."""
        async with aiohttp.ClientSession(read_bufsize=1 << 12) as http:
            tasks = [asyncio.create_task(self._watch(http, url, number)) for number in range(VIEWERS)]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch(self, http: aiohttp.ClientSession, url: str, number: int) -> None:
        async with http.get(f"{url}/live.mjpg", timeout=aiohttp.ClientTimeout(total=None)) as response:
            if number < STALLED:
                await asyncio.Event().wait()
            async for part in response.content.iter_any():
                self.bytes[number] += len(part)


async def measure(folder: Path, count: int, seconds: float, burst_s: float) -> list[Row]:
    """Both loads, on one whole camera and on many light ones."""
    rows: list[Row] = []
    viewers = Viewers()
    (folder / "one").mkdir()
    (folder / "many").mkdir()
    async with fleet(folder / "one", 1, whole=True) as one, viewers.watching(one.cameras[0].url):
        rows += await _loads(one, f"one camera, {VIEWERS} viewers of whom {STALLED} stalled", seconds, burst_s)
        least = min(viewers.bytes[STALLED:]) / (seconds + burst_s) / 1e3
    rows.append(Row("load", "the viewer that was shown least, kB/s", least, 1.0, "", at_least=True))
    async with fleet(folder / "many", count, whole=False) as many:
        rows += await _loads(many, f"{count} cameras", seconds, burst_s)
    return rows


async def _loads(running: Fleet, what: str, seconds: float, burst_s: float) -> list[Row]:
    rows: list[Row] = []
    await running.load(len(running.cameras), 1.0)  # one event each: all are linked then
    for rate, lasting_s in ((CALM, seconds), (BURST, burst_s)):
        await running.load(rate, lasting_s)
        rows += running.rows(what, rate, lasting_s)
    return rows


def document(rows: Sequence[Row], cameras: int, busy: float) -> str:
    """The section of docs/benchmarks.md; `busy` is the computer's load average."""
    about = f"`python tools/fleet.py --cameras {cameras}` with the times that the rows tell, on {os.cpu_count()} cores"
    about += (
        f" whose load average was {busy:.0f}, others' work included. The light cameras have no picture and no model;"
    )
    about += " every event is synced alone to its camera's disk; no TLS in between."
    return f"## Many cameras\n\n{about}\n\n{as_markdown(rows)}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; see the module's own words."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cameras", type=int, default=50, help="how many light ones")
    parser.add_argument("--seconds", type=float, default=600.0, help=f"for how long {CALM:g} events a second")
    parser.add_argument("--burst-seconds", type=float, default=60.0, help=f"for how long {BURST:g} a second")
    parser.add_argument("--document", type=Path, help="write the table into this document's section")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    options = parser.parse_args(arguments)
    if missing := no_mosquitto():
        rows = [not_measured("load", "many cameras", 0, missing)]
    else:
        cache = TOOLS.parent / ".cache"  # on the disk of the checkout; the system's temporary folder is often in memory
        cache.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            rows = asyncio.run(measure(Path(folder), options.cameras, options.seconds, options.burst_seconds))
    busy = os.getloadavg()[2]
    for row in rows:
        print(as_json(row) if options.json else as_text(row), flush=True)
    if options.document:
        write_section(options.document, "fleet", document(rows, options.cameras, busy))
    return exit_code(rows)


if __name__ == "__main__":
    sys.exit(main())
