"""`kill -9` under event load: no event that was acknowledged or promised is lost, none is counted twice."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.faults.killing import Killer, Result
from tools.loopback import free_port

CAMERA = Path(__file__).parent / "eventful_camera.py"


def check(result: Result) -> None:
    last = max(result.stored)
    assert set(result.stored) == set(range(1, last + 1)), "a number is missing at the hub"
    assert result.told == len(result.stored), "the hub told an event twice"
    assert set(result.promised) <= set(result.stored), "a durable event was lost"
    wrong = {seq for seq, name in result.promised.items() if result.stored[seq] != name}
    assert not wrong, "a number was given twice"
    assert len(result.epochs) == 1, "the database had to be replaced"
    assert result.gaps == []


async def killed(tmp_path: Path, times: int) -> Result:
    port = free_port()
    command = [sys.executable, str(CAMERA), str(tmp_path), "127.0.0.1", str(port), "cam-kill"]
    killer = Killer(command, f"ws://127.0.0.1:{port}/v1/link", "cam-kill", tmp_path / "hub.db")
    return await killer.run(times)


async def test_killed_again_and_again(tmp_path: Path) -> None:
    result = await killed(tmp_path, 8)
    check(result)
    assert len(result.stored) > 8


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_killed_two_hundred_times(tmp_path: Path) -> None:
    check(await killed(tmp_path, 200))
