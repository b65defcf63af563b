"""One life of the camera, from the journal's opening to everything closed; it owns the only task group.

All that sees, decides, acts and answers is loaded with this module: seconds on a small board, in which the camera
stands at its door already (agent.doorway).
"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from agent.answering import answering
from agent.assembly import make_station
from agent.config import Config
from agent.domain import Event, Json, Severity
from agent.doorway import Doorway
from agent.errors import RestartNeeded
from agent.events.journal import Journal, JournalLimits
from agent.hardware import hal_settings
from agent.health.life import LifeBook
from agent.home import Home
from agent.reset import FactoryReset
from agent.running import Running
from agent.station import Station
from agent.tables.wiring import ThermalConfig
from agent.version import VERSION
from agent.watch import feed_watchdog
from hal import memory, open_hal
from hal.errors import HalError
from hal.ports import Clock, Hal
from hal.system import ServiceManager, boot_id

log = logging.getLogger(__name__)

LIFE = "life"


async def live(
    config: Config,
    door: Doorway,
    manager: ServiceManager,
    reset: FactoryReset,
    home: Home,
    stop: asyncio.Event,
    ready: Callable[[Running], None] | None,
) -> None:
    """Until `stop` is set, the source ends, or another life is asked for.

    Raises RestartNeeded when the camera should be started anew.
    """
    clock = door.clock
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
                async with station.seeing(), answering(station, door, reset, home) as running:
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


async def _first_of(*events: asyncio.Event) -> None:
    """Wait until one of the events is set."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
