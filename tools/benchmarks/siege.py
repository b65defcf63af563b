"""The alarm under siege: from a frame to its pin while hostile clients are at the doors, and while nobody is.

The agent's threads walk paced frames; in the same process the doors of a whole camera are open, and its live view and
journal are given what is seen. A process of hostile clients (`tools.benchmarks.hostility`, with a stolen certificate of
the hub as well) comes and goes in turns, so that whatever else the machine does falls on both alike. After every turn
some seconds do not count, in which the clients start or end.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

import aiohttp

from agent.config import Config
from agent.hub.claim_code import ClaimCode
from agent.hub.claiming import claim
from agent.hub.keyring import Keyring
from agent.vision.pipeline import Outcome
from hal.ports import Frame
from tools.benchmarks.doors import Doors, open_doors
from tools.benchmarks.footage import ROOT, Bench, again, shop_frames
from tools.benchmarks.pin import striped
from tools.benchmarks.report import Row, not_measured
from tools.benchmarks.rig import Rig, rig
from tools.benchmarks.timing import Beat, Contest, Sample, calm_contest, percentile

TARGET = 1.25
FPS = 15.0
SETTLING_S = 4.0


@dataclass(slots=True)
class Besieged:
    """A camera's doors on a loop and thread of their own; `own` is the stolen certificate."""

    port: int
    own: Path
    doors: Doors
    thrown_out: Counter[str] = field(default_factory=Counter)

    def show(self, outcome: Outcome) -> None:
        """What the camera does with a frame that was walked: it is shown to viewers, what happened is journaled."""
        self.doors.running.status.live.offer(outcome)
        for event in outcome.events:
            self.doors.journal.append_nowait(event)
        for incident in outcome.incidents:
            self.doors.journal.append_nowait(incident)

    def besiege(self) -> subprocess.Popen[bytes]:
        """Hostile clients come; on computers of their own they would take no time of the camera's, so they are nice."""
        command = [
            "nice",
            "-n",
            "19",
            sys.executable,
            "-m",
            "tools.benchmarks.hostility",
            str(self.port),
            str(self.own),
        ]
        return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def leave(self, process: subprocess.Popen[bytes], meanwhile: Callable[[], object]) -> None:
        """They go; the camera must not be left without frames until they have."""
        assert process.stdin is not None
        process.stdin.close()
        while process.poll() is None:
            meanwhile()
        assert process.stdout is not None
        with process.stdout as said:
            self.thrown_out.update(json.loads(said.read()))


def rows(bench: Bench) -> list[Row]:
    """One row: the late hundredth of the frames under siege, against that in peace."""
    figure = f"frame to pin at {FPS:.0f} fps under siege / in peace, p99/p99"
    turns, seconds = bench.count(6, 1), float(bench.count(20, 4))
    frames = shop_frames("walker", bench.count(150, 45), first_s=2.0, width=640, height=360)
    with tempfile.TemporaryDirectory() as folder, besieged(bench, Path(folder)) as camera:
        siege, peace = samples(bench, camera, frames, turns, seconds)
    if not siege or not peace:
        return [not_measured("siege", figure, TARGET, "nobody was alarmed about")]
    contest, left_out = calm_contest(siege, peace)
    return [Row("siege", figure, contest.ratio_at(0.99), TARGET, _words(contest, camera.thrown_out, left_out))]


def _words(contest: Contest, thrown_out: Counter[str], left_out: str) -> str:
    late = [percentile(times, 0.99) for times in (contest.ours_ms, contest.floor_ms)]
    middle = [median(times) for times in (contest.ours_ms, contest.floor_ms)]
    return (
        f"{late[0]:.4g} ms against {late[1]:.4g} ms (medians {middle[0]:.4g} and {middle[1]:.4g}), "
        f"{len(contest.ours_ms)} and {len(contest.floor_ms)} frames that moved pins; {len(thrown_out)} kinds of "
        f"hostile clients were thrown out {thrown_out.total()} times; {left_out}"
    )


def samples(
    bench: Bench, camera: Besieged, frames: Sequence[Frame], turns: int, seconds: float
) -> tuple[list[Sample], list[Sample]]:
    """Frame to pin under siege and in peace, in turns."""
    counted: dict[int, bool] = {}
    with rig(bench, striped(bench.model), bench.detectors.open()) as made:
        made.show = camera.show
        walk = Walk(made, again(frames, sys.maxsize, FPS))
        for _ in range(turns):
            process = camera.besiege()
            walk.on(SETTLING_S)
            counted |= dict.fromkeys(walk.on(seconds), True)
            camera.leave(process, lambda: walk.on(0.2))
            walk.on(SETTLING_S)
            counted |= dict.fromkeys(walk.on(seconds), False)
        made.settle()
        pins = list(made.pins())
    return (
        [sample for index, sample in pins if counted.get(index) is True],
        [sample for index, sample in pins if counted.get(index) is False],
    )


class Walk:
    """Hands in frames at their pace."""

    def __init__(self, made: Rig, frames: Iterator[Frame]) -> None:
        self._made = made
        self._frames = frames
        self._beat = Beat(FPS)

    def on(self, seconds: float) -> range:
        """For some seconds; the numbers of the frames."""
        first = self._made.offered
        for _ in range(round(seconds * FPS)):
            self._beat.wait()
            self._made.settle()
            self._made.offer(next(self._frames))
        return range(first, self._made.offered)


@contextmanager
def besieged(bench: Bench, folder: Path) -> Iterator[Besieged]:
    """A camera that was claimed, its doors open."""
    ready: threading.Event = threading.Event()
    found: list[Besieged] = []
    loops: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def serve() -> None:
        stop = asyncio.Event()
        try:
            async with open_doors(_config(bench, folder), bench.clock) as doors:
                found.append(await _claimed(doors, folder))
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


async def _claimed(doors: Doors, folder: Path) -> Besieged:
    port = doors.running.ports.tls
    assert port is not None  # it is configured
    async with aiohttp.ClientSession() as http, http.post(f"{doors.running.url}/v1/claim", json={}) as answer:
        shown = await answer.json()
    code = ClaimCode(shown["id"], shown["fp"], shown["token"], "127.0.0.1", port)
    keyring = Keyring.open(folder / "keys", "hub-bench")
    await claim(keyring, code)
    return Besieged(port, keyring.authority().own, doors)
