"""A whole station whose camera and accelerator can be made to fail, and what it tells about that."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.assembly import FAULTS, make_station
from agent.config import Config, parse_config
from agent.domain import Event, HealthSample
from agent.events.journal import Journal
from agent.events.wire import Item
from agent.hardware import hal_settings
from agent.station import Station
from hal import open_hal
from hal.simulated.camera import SimulatedCamera
from hal.system import SystemClock
from tests.e2e.camera import config_text


@dataclass(frozen=True, slots=True)
class Ward:
    """A station that runs; `told` is everything that it told, with when (monotonic)."""

    station: Station
    told: list[tuple[float, Item]]

    @property
    def camera(self) -> SimulatedCamera:
        assert isinstance(self.station.hal.camera, SimulatedCamera)
        return self.station.hal.camera

    @property
    def faults(self) -> Path:
        """The file of the simulated accelerator's faults."""
        return Path(self.station.config.storage.data_dir) / FAULTS

    async def until(self, happened: Callable[[Item], bool], since_s: float = 0.0, seconds: float = 60.0) -> float:
        """Wait until such a thing is told after `since_s`; when (monotonic) that was."""
        async with asyncio.timeout(seconds):
            while True:
                for at_s, item in list(self.told):
                    if at_s >= since_s and happened(item):
                        return at_s
                await asyncio.sleep(0.02)

    def steps(self) -> list[str]:
        """The steps of self-healing that were taken."""
        events = [item for _, item in self.told if isinstance(item, Event) and item.kind == "healing"]
        return [str(event.data["step"]) for event in events]


def finding(what: str, state: str) -> Callable[[Item], bool]:
    """Whether something is that finding."""
    return lambda item: isinstance(item, HealthSample) and (item.what, str(item.state)) == (what, state)


def event(kind: str, **data: str) -> Callable[[Item], bool]:
    """Whether something is such an event, with at least those facts."""
    return lambda item: isinstance(item, Event) and item.kind == kind and data.items() <= dict(item.data).items()


def sick_config(folder: Path, *, device: str = "cpu", scene: str = "crowd") -> Config:
    """A small camera that learns its scene within seconds."""
    model = f'[model]\nname = "person-s"\ndevice = "{device}"\n'
    rest = "[health]\nlearn_s = 3\n[evidence]\nrecord = false\n"
    return parse_config(config_text(folder, scene=scene) + model + rest)


async def grown(seen: Sequence[object], count: int, seconds: float = 30.0) -> None:
    """Wait until so many are there."""
    async with asyncio.timeout(seconds):
        while len(seen) < count:  # noqa: ASYNC110  a list sends no event
            await asyncio.sleep(0.02)


@asynccontextmanager
async def ward(config: Config) -> AsyncIterator[Ward]:
    """The station at work, on the real clock."""
    folder, told = Path(config.storage.data_dir), list[tuple[float, Item]]()
    async with await Journal.open(folder / "journal.db", SystemClock()) as journal:
        with open_hal(hal_settings(config)) as hal:
            station = await make_station(config, hal, journal)
            station.desk.watch(lambda item: told.append((time.monotonic(), item)))
            async with asyncio.TaskGroup() as tasks:
                chores = [tasks.create_task(chore) for chore in station.chores()]
                async with station.seeing():
                    yield Ward(station, told)
                for chore in chores:
                    chore.cancel()
                await station.close()
