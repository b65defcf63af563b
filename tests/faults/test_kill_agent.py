"""`kill -9` of the whole agent with the siren on: nothing acknowledged is lost or doubled, and the siren ends."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.events.wire import EventBody
from agent.hub.ledger import Ledger
from hal.simulated.latched import is_on
from tests.durability.deaths import unsound
from tests.e2e.camera import config_text, id_of
from tests.faults.killing import Killer
from tests.faults.test_kill import check
from tools.loopback import free_port

AGENT = [sys.executable, "-m", "agent"]


class Bystander:
    """Looks at the siren after every death and does what systemd does then (ExecStopPost)."""

    def __init__(self, folder: Path, config: Path) -> None:
        self._lines = folder / "lines"
        self._release = [*AGENT, "outputs", "off", "--config", str(config)]
        self.left_on = 0

    def __call__(self, turn: int) -> None:
        self.left_on += is_on(self._lines, "siren")
        subprocess.run(self._release, check=True, capture_output=True, timeout=30)
        assert not is_on(self._lines, "siren"), f"the siren is on after death {turn}"


async def killed(folder: Path, times: int) -> None:
    config, port = folder / "camera.toml", free_port()
    config.write_text(config_text(folder, port=port))
    bystander = Bystander(folder, config)
    device = id_of(folder)
    command = [*AGENT, "run", "--config", str(config)]
    url = f"ws://127.0.0.1:{port}/v1/link"
    killer = Killer(command, url, device, folder / "hub.db", after_kill=bystander, settled=siren_seen(folder))
    check(await killer.run(times))
    assert bystander.left_on > times / 2, "the siren was hardly ever on when the agent died"
    with Ledger(folder / "hub.db") as ledger:
        starts = [e.body for e in ledger.events(device) if isinstance(e.body, EventBody) and e.body.kind == "start"]
    assert [start.data["last_end"] for start in starts] == ["first", *["killed"] * times]
    assert unsound(folder) == []


def siren_seen(folder: Path) -> Callable[[], bool]:
    """Whether the siren is on, so that each life is killed in the middle of an alarm."""
    return lambda: is_on(folder / "lines", "siren")


@pytest.mark.timeout(180)
async def test_the_agent_killed_in_the_middle_of_an_alarm(tmp_path: Path) -> None:
    await killed(tmp_path, 3)


@pytest.mark.slow
@pytest.mark.timeout(2400)
async def test_the_agent_killed_two_hundred_times(tmp_path: Path) -> None:
    await killed(tmp_path, 200)
