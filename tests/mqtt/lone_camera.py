"""A camera's journal and its MQTT service as a process that is killed: `python -m tests.mqtt.lone_camera FOLDER PORT`.

It goes on counting where its journal ends, and prints every number that is safe on its disk.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.mqtt.rig import camera


async def main(folder: Path, port: int) -> None:
    """Count until killed."""
    async with camera(folder, port) as cam:
        n = cam.journal.head.last_seq
        while True:
            await cam.happen(*range(n, n + 5))
            n += 5
            print(n, flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
