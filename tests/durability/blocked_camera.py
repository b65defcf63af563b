"""A whole camera whose event loop stops for ever once the siren is on. Run as a program: CONFIG FOLDER."""

from __future__ import annotations

import asyncio
import sys
import threading
from pathlib import Path

from agent.app import run_camera
from agent.config import parse_config
from hal.simulated.latched import is_on

HUNG = "hung"
"""The file whose making says when."""


def block_when_it_sounds(folder: Path) -> None:
    """Look ten times a second; then never return."""
    if is_on(folder / "lines", "siren"):
        (folder / HUNG).touch()
        threading.Event().wait()
    asyncio.get_running_loop().call_later(0.1, block_when_it_sounds, folder)


async def main(config: str, folder: Path) -> None:
    """Run the camera until somebody kills it."""
    await run_camera(parse_config(config), asyncio.Event(), lambda _: block_when_it_sounds(folder))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]).read_text(encoding="utf-8"), Path(sys.argv[2])))
