"""The alarm under siege: from a frame to its pin while hostile clients are at the doors, and while nobody is.

The agent's threads walk paced frames; in the same process the doors of a whole camera are open, which know of the frame
in hand as they do in the agent, and its live view and journal are given what is seen. A process of hostile clients
(`tools.benchmarks.hostility`, with a stolen certificate of the hub as well) comes and goes in turns, so that whatever
else the machine does falls on both alike. After every turn some seconds do not count: the clients start or end then.
The clients have a core of their own, as on computers of their own, and the camera those that are left; so every time
counts, those as well in which a thread lost its core.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean, median

import aiohttp

from agent.config import Config
from agent.hub.claim_code import ClaimCode
from agent.hub.claiming import claim
from agent.hub.keyring import Keyring
from agent.vision.pipeline import Outcome
from agent.web.api import KEEPER
from hal.ports import Frame
from tools.benchmarks.doors import Doors, open_doors
from tools.benchmarks.footage import ROOT, Bench, again, shop_frames
from tools.benchmarks.pin import striped
from tools.benchmarks.report import Row, not_measured
from tools.benchmarks.rig import Rig, rig
from tools.benchmarks.timing import Beat, Contest, percentile

TARGET = 1.25
FPS = 15.0
SETTLING_S = 4.0


@dataclass(slots=True)
class Besieged:
    """A camera's doors on a loop and thread of their own; `own` is the stolen certificate.

    `core` is where the hostile clients run; None where there is only one, where they are nice in its place.
    """

    port: int
    own: Path
    doors: Doors
    thread: threading.Thread
    core: int | None
    thrown_out: Counter[str] = field(default_factory=Counter)
    walked_at_s: dict[int, float] = field(default_factory=dict)

    def cpu_s(self) -> float:
        """What the doors' thread has cost so far, in seconds of a core."""
        assert self.thread.ident is not None
        return time.clock_gettime(time.pthread_getcpuclockid(self.thread.ident))

    def show(self, outcome: Outcome) -> None:
        """What the camera does with a frame that was walked: it is shown to viewers, what happened is journaled."""
        self.walked_at_s[outcome.frame.index] = self.cpu_s()
        self.doors.running.status.live.offer(outcome)
        for event in outcome.events:
            self.doors.journal.append_nowait(event)
        for incident in outcome.incidents:
            self.doors.journal.append_nowait(incident)

    def besiege(self) -> subprocess.Popen[bytes]:
        """Hostile clients come."""
        nice = ["nice", "-n", "19"] if self.core is None else []
        command = [*nice, sys.executable, "-m", "tools.benchmarks.hostility", str(self.port), str(self.own)]
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self.core is not None:
            with suppress(ProcessLookupError):
                os.sched_setaffinity(process.pid, {self.core})
        return process

    def leave(self, process: subprocess.Popen[bytes], meanwhile: Callable[[], object]) -> None:
        """They go; the camera must not be left without frames until they have."""
        assert process.stdin is not None
        process.stdin.close()
        while process.poll() is None:
            meanwhile()
        assert process.stdout is not None
        with process.stdout as said:
            self.thrown_out.update(json.loads(said.read()))


@dataclass(slots=True)
class Half:
    """What was seen under siege, or in peace: milliseconds from a frame to its pin, and to the end of its walk, and
    those of a core that the doors took meanwhile.
    """

    pins_ms: list[float] = field(default_factory=list)
    walks_ms: list[float] = field(default_factory=list)
    meanwhile_ms: list[float] = field(default_factory=list)
    cpu_s: float = 0.0
    lasted_s: float = 0.0


def rows(bench: Bench) -> list[Row]:
    """The late hundredth of the frames under siege, against that in peace: those that moved a pin, and all of them."""
    figures = [f"{what} at {FPS:.0f} fps under siege / in peace, p99/p99" for what in ("frame to pin", "whole frame")]
    meanwhile = "the doors' own work while a frame is walked, under siege, p99 ms"
    turns, seconds = bench.count(6, 1), float(bench.count(20, 4))
    frames = shop_frames("walker", bench.count(150, 45), first_s=2.0, width=640, height=360)
    with tempfile.TemporaryDirectory() as folder, besieged(bench, Path(folder)) as camera:
        siege, peace = halves(bench, camera, frames, turns, seconds)
    if not siege.pins_ms or not peace.pins_ms:
        return [not_measured("siege", figure, TARGET, "nobody was alarmed about") for figure in figures]
    pins, walks = Contest(siege.pins_ms, peace.pins_ms), Contest(siege.walks_ms, peace.walks_ms)
    thrown_out = camera.thrown_out
    shares = [100.0 * half.cpu_s / half.lasted_s for half in (siege, peace)]
    told = (
        f"; the doors took {shares[0]:.1f} % of a core (in peace {shares[1]:.1f} %), {len(thrown_out)} kinds of "
        f"hostile clients were thrown out {thrown_out.total()} times"
    )
    return [
        Row("siege", figures[0], pins.ratio_at(0.99), TARGET, _words(pins)),
        Row("siege", figures[1], walks.ratio_at(0.99), TARGET, _words(walks) + told),
        Row("siege", meanwhile, percentile(siege.meanwhile_ms, 0.99), None, f"mean {fmean(siege.meanwhile_ms):.3f} ms"),
    ]


def _words(contest: Contest) -> str:
    late = [percentile(times, 0.99) for times in (contest.ours_ms, contest.floor_ms)]
    middle = [median(times) for times in (contest.ours_ms, contest.floor_ms)]
    return (
        f"{late[0]:.4g} ms against {late[1]:.4g} ms (medians {middle[0]:.4g} and {middle[1]:.4g}), "
        f"{len(contest.ours_ms)} and {len(contest.floor_ms)} frames"
    )


def halves(bench: Bench, camera: Besieged, frames: Sequence[Frame], turns: int, seconds: float) -> tuple[Half, Half]:
    """What frames took under siege and in peace, in turns."""
    siege, peace, counted = Half(), Half(), dict[int, Half]()
    with rig(bench, striped(bench.model), bench.detectors.open()) as made:
        made.show = camera.show
        camera.doors.running.api[KEEPER].interlude.follow(made.is_walking)
        walk = Walk(made, again(frames, sys.maxsize, FPS), camera.cpu_s)

        def spend(half: Half) -> None:
            walk.on(SETTLING_S)
            before_s, began_s = camera.cpu_s(), time.monotonic()
            counted.update(dict.fromkeys(walk.on(seconds), half))
            half.cpu_s += camera.cpu_s() - before_s
            half.lasted_s += time.monotonic() - began_s

        for _ in range(turns):
            process = camera.besiege()
            spend(siege)
            camera.leave(process, lambda: walk.on(0.2))
            spend(peace)
        made.settle()
        for index, sample in made.pins():
            if half := counted.get(index):
                half.pins_ms.append(sample.ms)
        for index, ms in made.walks():
            if half := counted.get(index):
                half.walks_ms.append(ms)
                half.meanwhile_ms.append((camera.walked_at_s[index] - walk.begun_at_s[index]) * 1e3)
    return siege, peace


class Walk:
    """Hands in frames at their pace; `begun_at_s` is what the doors had cost (`cpu_s`) before each."""

    def __init__(self, made: Rig, frames: Iterator[Frame], cpu_s: Callable[[], float]) -> None:
        self._made = made
        self._frames = frames
        self._cpu_s = cpu_s
        self._beat = Beat(FPS)
        self.begun_at_s: dict[int, float] = {}

    def on(self, seconds: float) -> range:
        """For some seconds; the numbers of the frames."""
        first = self._made.offered
        for _ in range(round(seconds * FPS)):
            self._beat.wait()
            self._made.settle()
            self.begun_at_s[self._made.offered] = self._cpu_s()
            self._made.offer(next(self._frames))
        return range(first, self._made.offered)


@contextmanager
def besieged(bench: Bench, folder: Path) -> Iterator[Besieged]:
    """A camera that was claimed, its doors open; its threads leave the last core to the hostile clients."""
    cores = os.sched_getaffinity(0)
    core = max(cores) if len(cores) > 1 else None
    os.sched_setaffinity(0, cores - {core} if core is not None else cores)
    try:
        with _serving(bench, folder, core) as made:
            yield made
    finally:
        os.sched_setaffinity(0, cores)


@contextmanager
def _serving(bench: Bench, folder: Path, core: int | None) -> Iterator[Besieged]:
    ready: threading.Event = threading.Event()
    found: list[Besieged] = []
    loops: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def serve() -> None:
        stop = asyncio.Event()
        try:
            async with open_doors(_config(bench, folder), bench.clock) as doors:
                found.append(await _claimed(doors, folder, core))
                loops.append((asyncio.get_running_loop(), stop))
                ready.set()
                await stop.wait()
        finally:
            ready.set()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), name="doors")
    thread.start()
    ready.wait()
    try:
        yield found[0]
    finally:
        for loop, stop in loops:
            loop.call_soon_threadsafe(stop.set)
        thread.join()


def _config(bench: Bench, folder: Path) -> Config:
    """The zones and rules of the walk, with all doors open; two dozen overlapping incidents are no job for clips."""
    base = striped(bench.model)
    return replace(
        base,
        api=replace(base.api, port=0, tls_port=0, announce=False),
        storage=replace(base.storage, data_dir=str(folder)),
        gpio=replace(base.gpio, driver="simulated"),
        evidence=replace(base.evidence, record=False),
    )


async def _claimed(doors: Doors, folder: Path, core: int | None) -> Besieged:
    port = doors.running.ports.tls
    assert port is not None  # it is configured
    async with aiohttp.ClientSession() as http, http.post(f"{doors.running.url}/v1/claim", json={}) as answer:
        shown = await answer.json()
    code = ClaimCode(shown["id"], shown["fp"], shown["token"], "127.0.0.1", port)
    keyring = Keyring.open(folder / "keys", "hub-bench")
    await claim(keyring, code)
    return Besieged(port, keyring.authority().own, doors, threading.current_thread(), core)
