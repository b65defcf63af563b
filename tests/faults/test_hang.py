"""A camera that hangs with the siren on is noticed by its watchdog, killed, and silenced; its evidence survives."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.evidence.verify import verify_folder
from agent.keys import PUBLIC, read_public
from hal.simulated.latched import is_on
from tests.e2e.camera import config_text
from tests.faults.supervisor import Supervisor

WATCHDOG_S = 3.0
"""The unit has 10 s."""


def lives(folder: Path, program: list[str], hang: Callable[[int], None], times: int) -> None:
    """Let it hang in the middle of an alarm, `times` times."""
    config = folder / "camera.toml"
    config.write_text(config_text(folder))
    release = [sys.executable, "-m", "agent", "outputs", "off", "--config", str(config)]
    command = [word.format(config=config, folder=folder) for word in program]
    for _ in range(times):
        with Supervisor(command, release, folder, WATCHDOG_S) as supervisor:
            supervisor.until(lambda: is_on(folder / "lines", "siren"))
            hang(supervisor.pid)
            supervisor.until_silent()
            supervisor.kill()
            supervisor.clean_up()
            assert not is_on(folder / "lines", "siren")


def check_evidence(folder: Path) -> None:
    """Everything that has its name verifies, though nobody said good-bye."""
    findings = verify_folder(folder, read_public(folder / "keys" / PUBLIC))
    assert [finding.problems for finding in findings if not finding.sound] == []


def stop(pid: int) -> None:
    os.kill(pid, signal.SIGSTOP)


def wait(pid: int) -> None:
    """It hangs by itself."""


AGENT = [sys.executable, "-m", "agent", "run", "--config", "{config}"]
LOOP = [sys.executable, "-m", "tests.faults.blocked_camera", "{config}", "{folder}"]


@pytest.mark.timeout(180)
@pytest.mark.parametrize(("program", "hang"), [(AGENT, stop), (LOOP, wait)], ids=["stopped", "loop-blocked"])
def test_a_camera_that_hangs_is_silenced(tmp_path: Path, program: list[str], hang: Callable[[int], None]) -> None:
    lives(tmp_path, program, hang, 1)
    check_evidence(tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("program", "hang"), [(AGENT, stop), (LOOP, wait)], ids=["stopped", "loop-blocked"])
def test_a_camera_that_hangs_again_and_again(tmp_path: Path, program: list[str], hang: Callable[[int], None]) -> None:
    """As often as AISLEWATCH_HANGS says; 20 times within what CI has."""
    lives(tmp_path, program, hang, int(os.environ.get("AISLEWATCH_HANGS", "20")))
    check_evidence(tmp_path)
