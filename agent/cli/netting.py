"""`aislewatch net check` and `aislewatch storage check`: what a camera stands on, asked from this computer."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from agent.cli import probes
from agent.cli.asking import talking
from agent.cli.looks import Waiting, mark
from agent.cli.printing import say
from agent.cli.probes import Step
from agent.errors import OperatorError
from hal.kernel import KernelFiles
from hal.ports import Clock
from hal.storage import Storage
from hal.system import SystemClock

SIZE_MB, BLOCK = 32, 1 << 20
SLOW_WRITE_MB_S, SLOW_READ_MB_S, SLOW_SYNC_MS = 4.0, 10.0, 500.0
LEAST_FREE_PCT, WORN_PCT = 10.0, 80.0


def net(url: str, ntp: str, portal: str, *, offline: bool, as_json: bool) -> None:
    """Print what works of the network; exit code 1 where something does not."""
    waiting = Waiting("asking the network")
    steps = asyncio.run(_net(url, ntp, portal, offline=offline))
    waiting.end()
    _tell("net", steps, as_json=as_json)


async def _net(url: str, ntp: str, portal: str, *, offline: bool) -> list[Step]:
    clock = SystemClock()
    steps = [probes.addresses(), probes.gateway()]
    outside = (
        () if offline else (probes.names(ntp), probes.time_server(ntp, probes.NTP_PORT, clock), probes.portal(portal))
    )
    found = await asyncio.gather(*outside, probes.multicast())
    left = [Step(name, "skipped", "not asked: --offline") for name in ("dns", "ntp", "internet")] if offline else []
    try:
        async with talking(url) as talk:
            asked = await probes.camera(talk, clock)
    except OperatorError as error:
        asked = [Step("camera", "fault", str(error), error.hint)]
    return [*steps, *left, *found, *asked]


def _tell(what: str, steps: Iterable[Step], *, as_json: bool) -> None:
    """Print the steps; exit code 1 where one is a fault."""
    told = list(steps)
    for step in told:
        say({"type": f"{what}_check", **step._asdict()}, _lines(step), as_json=as_json)
    if any(step.state == "fault" for step in told):
        raise SystemExit(1)


def _lines(step: Step) -> Iterator[str]:
    yield f"{mark(step.state, f'{step.state:8}')} {step.name:9} {step.detail}"
    if step.advice:
        yield f"  -> {step.advice}"


def storage(folder: Path, *, as_json: bool) -> None:
    """Print how the disk below a folder is: space, speed, wear, errors; exit code 1 where that is bad."""
    disk, waiting = Storage(KernelFiles(Path("/")), str(folder.absolute())), Waiting(f"writing {SIZE_MB} MiB")
    steps = [*space(disk), *speed(folder, SystemClock()), *wear(disk)]
    waiting.end()
    _tell("storage", steps, as_json=as_json)


def space(disk: Storage) -> Iterator[Step]:
    """How much is free, and whether it can be written."""
    free, whole = disk.space_mb()
    if free is None or not whole:
        yield Step("space", "fault", "the folder cannot be looked at", "give --folder the camera's storage.data_dir")
        return
    share = 100 * free / whole
    words = f"{free:.0f} MiB of {whole:.0f} MiB are free ({share:.0f} %)"
    little = share < LEAST_FREE_PCT
    yield Step("space", "warning" if little else "ok", words, "fewer days of clips, or a larger card" if little else "")
    if disk.read_only():
        yield Step("mounted", "fault", "read-only", "the kernel found errors: copy what matters, replace the card")


def speed(folder: Path, clock: Clock) -> Iterator[Step]:
    """Write a file, sync it, read it back past the cache, and remove it."""
    try:
        write_mb_s, read_mb_s, sync_ms = _timed(folder, clock)
    except OSError as error:
        advice = "run it as the agent's user (sudo -u aislewatch), or give --folder a folder that you may write"
        yield Step("speed", "fault", f"{folder} cannot be written: {error.strerror}", advice)
        return
    slow = write_mb_s < SLOW_WRITE_MB_S or read_mb_s < SLOW_READ_MB_S or sync_ms > SLOW_SYNC_MS
    words = f"writes {write_mb_s:.0f} MiB/s, reads {read_mb_s:.0f} MiB/s, a small sync takes {sync_ms:.0f} ms"
    yield Step(
        "speed", "warning" if slow else "ok", words, "use an endurance card of class A1 or better" if slow else ""
    )


def _timed(folder: Path, clock: Clock) -> tuple[float, float, float]:
    """MiB a second written (with the sync) and read, milliseconds of a small sync. Raises OSError."""
    block = os.urandom(BLOCK)
    with tempfile.TemporaryFile(dir=folder) as file:
        start_s = clock.monotonic()
        for _ in range(SIZE_MB):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
        written_s = clock.monotonic()
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        file.seek(0)
        begun_s = clock.monotonic()
        while file.read(BLOCK):
            pass
        read_s = clock.monotonic()
        file.write(b"x" * 512)
        file.flush()
        os.fsync(file.fileno())
        synced_s = clock.monotonic()
    tiny = 1e-6
    rates = SIZE_MB / max(written_s - start_s, tiny), SIZE_MB / max(read_s - begun_s, tiny)
    return *rates, 1e3 * (synced_s - read_s)


def wear(disk: Storage) -> Iterator[Step]:
    """What the storage itself tells of its life and its failures."""
    kind, used, errors, written = disk.kind(), disk.life_used_pct(), disk.errors(), disk.written_life_mb()
    amount = "" if written is None else f"; {written / 1024:.1f} GiB written in its life here"
    if used is None:
        yield Step("wear", "unknown", f"a disk of kind {kind or 'unknown'} does not tell{amount}")
    else:
        worn = used >= WORN_PCT
        words = f"up to {used:.0f} % of its life is used{amount}"
        yield Step("wear", "warning" if worn else "ok", words, "plan its replacement" if worn else "")
    if errors is None:
        yield Step("errors", "unknown", "nobody counts them")
    elif errors:
        yield Step("errors", "fault", f"{errors} counted", "copy what matters and replace the card; see dmesg")
    else:
        yield Step("errors", "ok", "none counted")
