"""A camera that answers at all its doors and looks at nothing: for measuring and attacking them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from agent.answering import answering
from agent.app import Running
from agent.assembly import make_station
from agent.config import Config
from agent.doorway import doorway
from agent.events.journal import Journal
from agent.hardware import hal_settings
from agent.home import Home
from agent.reset import FactoryReset
from agent.station import Station
from hal import open_hal
from hal.ports import Clock


class Doors(NamedTuple):
    """The parts behind the doors."""

    station: Station
    running: Running
    journal: Journal


@asynccontextmanager
async def open_doors(config: Config, clock: Clock) -> AsyncIterator[Doors]:
    """All of a camera but its threads. Raises OperatorError or HalError."""
    folder = Path(config.storage.data_dir)
    with open_hal(hal_settings(config), clock) as hal:
        async with await Journal.open(folder / "journal.db", clock) as journal:
            station = await make_station(config, hal, journal)
            async with (
                doorway(config, hal.board, clock) as door,
                answering(station, door, FactoryReset(folder, clock), Home()) as running,
            ):
                yield Doors(station, running, journal)
            await station.close()
