"""Ends a camera in four ways while its siren sounds, and takes the times of the siren's line. A program too.

    python -m tests.durability.deaths FOLDER --each 250 --at-once 8

Each camera is the real agent in a process of its own, under a supervisor that keeps systemd's contract with the unit
(`WatchdogSec=10`, `ExecStopPost=aislewatch outputs off`). The siren is a latching line, a file that stays as it is when
the process dies; when it was last driven is the file's own time, taken by the kernel.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from agent.evidence.verify import verify_folder
from agent.keys import PUBLIC, read_public
from hal.simulated.latched import is_on
from tests.durability.blocked_camera import HUNG
from tests.durability.memory_group import memory_group
from tests.durability.supervisor import Supervisor
from tests.e2e.camera import config_text
from tests.waiting import queued_s

UNIT_WATCHDOG_S = 10.0
OFF_S = {"killed": 2.0, "out-of-memory": 2.0, "stopped": 12.0, "loop-blocked": 12.0}
"""How long the siren may still sound after each way to end: systemd sees a death at once, a hang by its watchdog."""
QUIET_SHARE = 0.25
"""How many deaths are followed by a start with nobody in the shop; half of these without ExecStopPost before."""
QUIET_S = 1.0
NEVER_SAFE = "[health]\nsafe_after = 0\n"
"""However often it dies young, it goes on seeing."""


@dataclass
class Tally:
    """What was seen of one way to end: how long the siren sounded on, and starts with nobody in the shop.

    Times "of itself" are without those in which the supervisor and `outputs off` were ready and had no processor.
    """

    deaths: int = 0
    sounding: int = 0
    off_after_s: list[float] = field(default_factory=list)
    off_of_itself_s: list[float] = field(default_factory=list)
    quiet_starts: int = 0
    left_on: int = 0
    silenced_by_start_s: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        for name, value in other.__dict__.items():
            setattr(self, name, getattr(self, name) + value)

    def facts(self) -> dict[str, object]:
        """For people and programs; times in seconds."""
        return {
            **self.__dict__,
            "off_after_s": _spread(self.off_after_s),
            "off_of_itself_s": _spread(self.off_of_itself_s),
            "silenced_by_start_s": _spread(self.silenced_by_start_s),
        }


class Site:
    """A folder with one camera, which lives and dies again and again."""

    def __init__(self, folder: Path, watchdog_s: float = UNIT_WATCHDOG_S) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._watchdog_s = watchdog_s
        self._busy = folder / "busy.toml"
        self._empty = folder / "empty.toml"
        self._busy.write_text(config_text(folder) + NEVER_SAFE)
        self._empty.write_text(config_text(folder, scene="empty") + NEVER_SAFE)
        self.tally = Tally()
        self.sounded_after_s = 0.0

    @property
    def sounds(self) -> bool:
        """Whether the siren is on."""
        return is_on(self._folder / "lines", "siren")

    def end(self, way: str, *, clean_up: bool = True) -> None:
        """One life that ends while the siren sounds; with `clean_up` the supervisor does its duty afterwards."""
        program = ["-m", "agent", "run", "--config", str(self._busy)]
        if way == "loop-blocked":
            program = ["-m", "tests.durability.blocked_camera", str(self._busy), str(self._folder)]
        began_s = time.monotonic()
        with self._life(program) as life:
            life.until(lambda: self.sounds)
            self.sounded_after_s = time.monotonic() - began_s
            before_s = queued_s()
            ended_s = WAYS[way](life, self._folder)
            self.tally.deaths += 1
            sounding = self.sounds
            self.tally.sounding += sounding
            if clean_up:
                starved_s = life.clean_up() + queued_s() - before_s
                self._judge(way, ended_s, sounding, starved_s)

    def start_quietly(self) -> None:
        """A start with nobody in the shop: the siren is never on; one that was left on is off before it is ready."""
        left_on = self.sounds
        began_s = time.time()
        seen: list[bool] = []
        with self._life(["-m", "agent", "run", "--config", str(self._empty)]) as life:
            life.until(lambda: self._look(seen) and life.ready)
            end_s = time.monotonic() + QUIET_S
            life.until(lambda: self._look(seen) and time.monotonic() >= end_s)
        self.tally.quiet_starts += 1
        self.tally.left_on += left_on
        if left_on:
            self.tally.silenced_by_start_s.append(self._driven_s() - began_s)
        if self.sounds or True in seen[seen.index(False) if left_on and False in seen else 0 :]:
            self.tally.problems.append("the siren was on at a start")

    def _life(self, program: list[str]) -> Supervisor:
        release = [sys.executable, "-m", "agent", "outputs", "off", "--config", str(self._busy)]
        return Supervisor([sys.executable, *program], release, self._folder, self._watchdog_s)

    def _look(self, seen: list[bool]) -> bool:
        seen.append(self.sounds)
        return True

    def _judge(self, way: str, ended_s: float, sounding: bool, starved_s: float) -> None:
        if self.sounds:
            self.tally.problems.append(f"{way}: the siren is still on")
        if sounding:
            self.tally.off_after_s.append(self._driven_s() - ended_s)
            self.tally.off_of_itself_s.append(self.tally.off_after_s[-1] - starved_s)

    def _driven_s(self) -> float:
        """When the line was last driven (Unix time)."""
        return (self._folder / "lines" / "siren").stat().st_mtime


def unsound(folder: Path) -> list[str]:
    """What does not verify of the evidence a camera left; everything that has its name must."""
    findings = verify_folder(folder, read_public(folder / "keys" / PUBLIC))
    return [f"{finding}" for finding in findings if not finding.sound]


def _killed(life: Supervisor, folder: Path) -> float:
    now_s = time.time()
    life.kill()
    return now_s


def _out_of_memory(life: Supervisor, folder: Path) -> float:
    with memory_group() as group:
        group.starve(life.pid)
        now_s = time.time()
        status = life.until_dead()
    assert status == -signal.SIGKILL, f"it ended by itself with {status}"
    return now_s


def _stopped(life: Supervisor, folder: Path) -> float:
    now_s = time.time()
    os.kill(life.pid, signal.SIGSTOP)
    life.until_silent()
    life.abort()
    return now_s


def _loop_blocked(life: Supervisor, folder: Path) -> float:
    life.until_silent()
    life.abort()
    return (folder / HUNG).stat().st_mtime


WAYS: dict[str, Callable[[Supervisor, Path], float]] = {
    "killed": _killed,
    "out-of-memory": _out_of_memory,
    "stopped": _stopped,
    "loop-blocked": _loop_blocked,
}
"""Each ends the camera and gives the moment (Unix time) of its death or hang."""


def cycles(folder: Path, way: str, times: int, watchdog_s: float = UNIT_WATCHDOG_S) -> Tally:
    """End a camera `times` times, with quiet starts in between."""
    site, chance = Site(folder, watchdog_s), random.Random(str(folder.name))
    for number in range(times):
        quiet = chance.random() < QUIET_SHARE
        try:
            site.end(way, clean_up=not quiet or chance.random() < 0.5)
            if quiet:
                site.start_quietly()
        except (AssertionError, subprocess.SubprocessError) as error:
            site.tally.problems.append(f"{way} {number}: {error}")
    site.tally.problems += unsound(folder)
    return site.tally


def run(folder: Path, each: dict[str, int], at_once: int, watchdog_s: float = UNIT_WATCHDOG_S) -> dict[str, Tally]:
    """Every way as often as `each` says, several cameras at once; what was seen of each way."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # systemd's default for a service
    found = {way: Tally() for way in each}
    with ThreadPoolExecutor(at_once) as pool:
        jobs = [
            (way, pool.submit(cycles, folder / f"{way}-{share}", way, times, watchdog_s))
            for share in range(at_once)
            for way, count in each.items()
            if (times := (count + share) // at_once)
        ]
        for way, job in jobs:
            found[way].add(job.result())
    return found


def _spread(times_s: Iterable[float]) -> dict[str, float]:
    ordered = sorted(times_s)
    if not ordered:
        return {}
    p95 = ordered[min(len(ordered) - 1, round(len(ordered) * 0.95))]
    return {"median": round(statistics.median(ordered), 3), "p95": round(p95, 3), "max": round(ordered[-1], 3)}


def main() -> None:
    """Print what was seen as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--each", type=int, default=250)
    parser.add_argument("--at-once", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=list(WAYS))
    args = parser.parse_args()
    found = run(args.folder, dict.fromkeys(args.ways, args.each), args.at_once)
    print(json.dumps({way: tally.facts() for way, tally in found.items()}, indent=1))


if __name__ == "__main__":
    main()
