"""`aislewatch run`."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.app import Running, run_camera
from agent.cli.files import read_config
from agent.config_file import ConfigFile
from agent.errors import single

if TYPE_CHECKING:
    from agent.events.wire import Item


def run(config_file: Path, *, as_json: bool, verbose: bool) -> None:
    """Run the camera of a configuration until it is stopped."""
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO, format="%(levelname)s %(name)s: %(message)s", force=True
    )
    config = read_config(config_file)
    file = ConfigFile(config_file)
    run_until_stopped(lambda stop: run_camera(config, stop, lambda running: show_items(running, as_json=as_json), file))


def run_until_stopped(main: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    """Run `main(stop)` on a new loop; SIGINT and SIGTERM set `stop`, and everything ends in order."""

    async def supervised() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        await main(stop)

    try:
        asyncio.run(supervised())
    except ExceptionGroup as group:
        raise single(group) from group


def show_items(running: Running, *, as_json: bool, mark: str = "") -> None:
    """Print every event, incident and health finding as it happens."""
    from agent.cli.lines import event_line
    from agent.events.lines import event_json, utc_text

    clock = running.status.clock

    def show(item: Item) -> None:
        wall = clock.wall()
        print(event_json(item, wall) if as_json else mark + event_line(item, utc_text(wall.utc_s)[11:19]), flush=True)

    running.desk.watch(show)
