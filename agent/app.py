"""The composition root: the camera's lives, and the order in which each begins.

    who it is -> its door, open, announced -> the rest is loaded -> journal, hardware, station -> it sees -> it answers
    agent.standing     agent.doorway             agent.living            agent.assembly             agent.answering

This is the walk of a frame that such a life is for:

    camera -> mailbox -> [gate, detector, tracker, rules, incidents, alarm outputs] -> desk -> journal -> hub link
              capture thread             one hop on the vision thread                          own thread   loop

`agent.build` makes the parts of the hop. Light: what is loaded with this module delays the announcement.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from agent.config import Config
from agent.config_file import ConfigFile
from agent.doorway import doorway
from agent.errors import OperatorError
from agent.hardware import hal_settings
from agent.home import Home
from agent.loading import loading
from agent.reset import FactoryReset
from agent.running import Running
from hal import memory, open_board
from hal.system import ServiceManager, SystemClock

__all__ = ["SWITCH_S", "Running", "run_camera"]

SWITCH_S = 0.0001
"""How long one thread may keep another waiting. The walk of a frame gives way a dozen times, and each time it waits so
long where the loop is busy: at the usual 5 ms a frame of 9 ms takes up to 50, at 0.5 ms 16, at 0.1 ms 12."""


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
            async with doorway(config, open_board(hal_settings(config)), SystemClock()) as door:
                live = await asyncio.to_thread(_load_the_rest)
                await live(config, door, manager, reset, home, stop, ready)
        except Exception as error:
            if not home.take_back(error):
                raise
            continue
        if not reset.ordered.is_set() and (stop.is_set() or not home.again.is_set()):
            return


def _load_the_rest() -> Callable[..., Awaitable[None]]:
    """On a thread of its own: whoever comes to the door meanwhile is let in."""
    with loading():
        from agent.living import live

    return live


async def _erase(reset: FactoryReset, manager: ServiceManager) -> None:
    """What was ordered in the last life, or in one that a power cut ended."""
    erasing = asyncio.create_task(asyncio.to_thread(reset.erase))
    while not (await asyncio.wait([erasing], timeout=1.0))[0]:
        manager.watchdog()
    await erasing


def _data_dir(config: Config) -> Path:
    """The folder of what must survive, made where it is missing. Raises OperatorError."""
    path = Path(config.storage.data_dir)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        hint = "set storage.data_dir to a folder that this user may write"
        raise OperatorError(f"cannot make {path}: {error.strerror}", hint=hint) from None
    return path
