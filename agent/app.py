"""The composition root: opens the hardware and the journal, makes the station, and owns the only task group.

This is the walk of a frame; `run_camera` sets it going:

    camera -> mailbox -> [gate, detector, tracker, rules, incidents, alarm outputs] -> desk -> journal -> hub link
              capture thread             one hop on the vision thread                          own thread   loop

`agent.assembly` makes the parts of it, `agent.build` the parts of the hop, `agent.answering` the doors to outside.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from agent.answering import Running, answering
from agent.assembly import make_station
from agent.config import Config
from agent.config_file import ConfigFile
from agent.domain import Event, Json, Severity
from agent.errors import OperatorError, RestartNeeded
from agent.events.journal import Journal, JournalLimits
from agent.hardware import hal_settings
from agent.health.life import LifeBook
from agent.home import Home
from agent.reset import FactoryReset
from agent.station import Station
from agent.tables.wiring import ThermalConfig
from agent.version import VERSION
from agent.watch import feed_watchdog
from hal import memory, open_hal
from hal.errors import HalError
from hal.ports import Clock, Hal
from hal.system import ServiceManager, SystemClock, boot_id

__all__ = ["SWITCH_S", "Running", "run_camera"]

log = logging.getLogger(__name__)

LIFE = "life"
SWITCH_S = 0.0005
"""How long one thread may keep the others waiting; at the usual 5 ms a busy one delays the alarm by as much."""


async def run_camera(
    config: Config,
    stop: asyncio.Event,
    ready: Callable[[Running], None] | None = None,
    file: ConfigFile | None = None,
) -> None:
    """Run a camera until `stop` is set or its source ends; `ready` is called once it sees and answers.

    After a factory reset it runs again, as a new one, and `ready` is called again; so it does after a restart that a
    hub ordered, with what `file`, its configuration file, holds then. Raises OperatorError or HalError when a person
    must act, RestartNeeded when it should be started anew, an ExceptionGroup when a core part failed.
    """
    sys.setswitchinterval(SWITCH_S)
    memory.settle()
    manager, home = ServiceManager(), Home(file)
    reset = FactoryReset(_data_dir(config), SystemClock())
    while True:
        config = home.begin(config)
        try:
            if (data := _data_dir(config)) != reset.folder:
                reset = FactoryReset(data, SystemClock())
            await _erase(reset, manager)
            await _live(config, manager, reset, home, stop, ready)
        except Exception as error:
            if not home.take_back(error):
                raise
            continue
        if not reset.ordered.is_set() and (stop.is_set() or not home.again.is_set()):
            return


async def _live(
    config: Config,
    manager: ServiceManager,
    reset: FactoryReset,
    home: Home,
    stop: asyncio.Event,
    ready: Callable[[Running], None] | None,
) -> None:
    """One life of the camera, from nothing to everything closed.

    Raises RestartNeeded when it should be started anew.
    """
    clock = SystemClock()
    begun_s = clock.monotonic()
    async with await Journal.open(reset.folder / "journal.db", clock, _limits(config)) as journal:
        safe_after = config.health.safe_after if manager.present else 0
        life = await LifeBook.open(journal, clock, f"{VERSION} {config}", boot_id(), safe_after)
        config, hal = _open_hardware(config, clock, safe=bool(life.safe))
        with hal:
            station = await make_station(config, hal, journal, life)
            async with _noted_life(station), asyncio.TaskGroup() as tasks:
                watchdog = feed_watchdog(manager, station.heartbeats(), clock)
                core = [tasks.create_task(chore) for chore in (*station.chores(), watchdog)]
                async with station.seeing(), answering(station, reset, home) as running:
                    await _tell_of_reset(station, reset)
                    trial = home.watch_trial(station.desk, clock, begun_s, station.trouble, running.linked)
                    core.append(tasks.create_task(trial))
                    _settle_memory()
                    manager.ready("safe mode: nothing is seen" if life.safe else f"watching as {config.camera.name}")
                    if ready:
                        ready(running)
                    await _first_of(stop, station.ended, reset.ordered, home.again)
                    if not (reset.ordered.is_set() or home.again.is_set()):
                        manager.stopping()
                for task in core:
                    task.cancel()
                await station.close()
                if station.vision.failure:
                    raise station.vision.failure
            if station.care.restarting:
                raise RestartNeeded(station.care.restarting)
            if home.again.is_set():
                await life.lasting()  # an order to restart leaves safe mode, too
            else:
                await life.stopped()


def _open_hardware(config: Config, clock: Clock, *, safe: bool) -> tuple[Config, Hal]:
    """The hardware, and what is configured of it; a safe life does without the lines that cannot be had.

    Raises OutputUnavailable or InputUnavailable.
    """
    try:
        return config, open_hal(hal_settings(config), clock)
    except HalError as error:
        if not safe:
            raise
        log.error("safe mode goes without outputs and inputs: %s %s", error, error.hint)
        bare = replace(config, outputs=(), inputs=(), thermal=ThermalConfig())
        return bare, open_hal(hal_settings(bare), clock)


async def _erase(reset: FactoryReset, manager: ServiceManager) -> None:
    """What was ordered in the last life, or in one that a power cut ended."""
    erasing = asyncio.create_task(asyncio.to_thread(reset.erase))
    while not (await asyncio.wait([erasing], timeout=1.0))[0]:
        manager.watchdog()
    await erasing


async def _tell_of_reset(station: Station, reset: FactoryReset) -> None:
    """Write into the new journal and audit log that the camera was reset."""
    if (event := reset.begin_anew()) is not None:
        station.desk.report(event)
        await asyncio.sleep(0)  # it is shown to the audit log in the next turn of the loop
        if station.evidence:
            await station.evidence.flush()
        await asyncio.to_thread(reset.forget)


@asynccontextmanager
async def _noted_life(station: Station) -> AsyncIterator[None]:
    """Journal the start, and how the run before it ended.

    `first`, `stopped`, `restarted` to heal itself, `failed` or `killed` (or a power cut).
    """
    journal, desk, clock = station.journal, station.desk, station.clock
    before = await journal.kept(LIFE)
    last_end = {None: "first", b"running": "killed"}.get(before) or (before or b"").decode()
    severity = Severity.WARNING if last_end in ("killed", "failed") else Severity.INFO
    data: dict[str, Json] = {"version": VERSION, "model": station.config.model.name, "last_end": last_end}
    await journal.keep(LIFE, b"running")
    desk.report(Event("start", clock.monotonic(), severity, data))
    end = b"failed"
    try:
        yield
        end = b"restarted" if station.care.restarting else b"stopped"
    finally:
        desk.report(Event("stop", clock.monotonic(), data={"end": end.decode()}))
        await journal.keep(LIFE, end)


def _limits(config: Config) -> JournalLimits:
    return JournalLimits(max_events=config.storage.max_events, max_age_s=config.storage.max_age_days * 86_400)


def _settle_memory() -> None:
    """Leave what the start made out of every later garbage collection; going through it all stalls a frame by 30 ms.

    What the start needed and nobody needs any more goes back to the system.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    memory.trim()


def _data_dir(config: Config) -> Path:
    """The folder of what must survive, made where it is missing. Raises OperatorError."""
    path = Path(config.storage.data_dir)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        hint = "set storage.data_dir to a folder that this user may write"
        raise OperatorError(f"cannot make {path}: {error.strerror}", hint=hint) from None
    return path


async def _first_of(*events: asyncio.Event) -> None:
    """Wait until one of the events is set."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
