"""A camera that is killed again and again: the broker gets every event that was safe on its disk, in order."""

from __future__ import annotations

import asyncio
import random
import sys
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from tests.mqtt.rig import Heard, camera, listening
from tools.benchmarks.mosquitto import mosquitto, no_mosquitto

pytestmark = pytest.mark.skipif(bool(no_mosquitto()), reason=no_mosquitto())
ROOT = Path(__file__).parents[2]


async def live_and_die(folder: Path, port: int, lines: int) -> int:
    """One life of a camera, until it has said so much; the last number that it knew to be safe."""
    command = (sys.executable, "-m", "tests.mqtt.lone_camera", str(folder), str(port))
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    said = 0
    for _ in range(lines):
        said = int(await process.stdout.readline())
    process.kill()
    await process.wait()
    return said


async def test_nothing_that_was_safe_is_missing_at_the_broker(tmp_path: Path) -> None:
    chance, safe = random.Random(6), 0
    with mosquitto(tmp_path) as broker:
        async with listening(broker.port) as heard:
            for _ in range(5):
                safe = await live_and_die(tmp_path, broker.port, chance.randint(1, 8))
            async with camera(tmp_path, broker.port):
                await heard.until(partial(_whole, heard, safe))
    firsts = [*dict.fromkeys(heard.numbers())]
    assert all(second == first + 1 for first, second in pairwise(firsts))
    assert firsts[0] == 0


def _whole(heard: Heard, safe: int) -> bool:
    return {*range(safe)} <= {*heard.numbers()}
