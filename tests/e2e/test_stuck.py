"""A real process whose look at a frame never ends: what heals it step by step, and that the alarm holds meanwhile."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.cli.asking import ask
from agent.cli.complaints import RESTART_EXIT
from agent.events.journal import Journal
from agent.events.rows import Position
from agent.events.wire import EventBody
from agent.health.ladder import Step
from agent.health.medic import KEY
from hal.simulated import accelerator
from hal.simulated.latched import is_on
from hal.system import SystemClock
from tests.e2e.supervised import WATCHDOG_S, Supervised
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(300)
SLACK_S = 8.0
"""What a machine that does much else may add."""
ON_ACCELERATOR = '[model]\nname = "person-s"\ndevice = "simulated"\n[evidence]\nrecord = false\n'


@pytest.fixture
def camera(tmp_path: Path) -> Supervised:
    return Supervised(tmp_path, ON_ACCELERATOR)


def device(camera: Supervised) -> str:
    """What its model runs on now."""
    return str(ask(camera.url, "/v1/status")["model"]["device"])


def siren(camera: Supervised) -> bool:
    return is_on(camera.folder / "lines", "siren")


@contextmanager
def held(camera: Supervised) -> Iterator[list[bool]]:
    """The siren's states, ten times a second, while the block lasts."""
    seen, over = list[bool](), threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            seen.append(siren(camera))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


async def healed(camera: Supervised) -> list[dict[str, Any]]:
    """The steps of self-healing in the journal of a camera that has ended, oldest first."""
    found: list[dict[str, Any]] = []
    async with await Journal.open(camera.folder / "journal.db", SystemClock()) as journal:
        place = Position(journal.head.epoch, 0)
        while (page := await journal.read(place)).records:
            told = [record.body for record in page.records]
            found += [dict(one.data) for one in told if isinstance(one, EventBody) and one.kind == "healing"]
            place = Position(journal.head.epoch, page.records[-1].seq)
    return found


async def spend(camera: Supervised, step: Step, times: int) -> None:
    """The camera has taken this step so often just now."""
    async with await Journal.open(camera.folder / "journal.db", SystemClock()) as journal:
        await journal.keep(KEY, msgspec.json.encode({step: [SystemClock().wall().utc_s] * times}))


def steps(found: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(str(one["step"]), str(one["trouble"])) for one in found]


def test_each_rung_is_climbed_and_a_real_restart_follows(camera: Supervised) -> None:
    faults = camera.folder / "accelerator"
    with camera.life() as process:
        eventually(lambda: siren(camera), 60.0)
        struck_s = time.monotonic()
        accelerator.strike(faults, accelerator.Fault.HANG)
        eventually(lambda: device(camera) == "cpu", 60.0)
        assert time.monotonic() - struck_s <= 5.0 + SLACK_S
        accelerator.heal(faults)
        eventually(lambda: device(camera) == "simulated", 60.0)
        with held(camera) as seen:
            struck_s = time.monotonic()
            accelerator.strike(faults, accelerator.Fault.STUCK)
            assert process.wait(60) == RESTART_EXIT
            assert time.monotonic() - struck_s <= 20.0 + SLACK_S
    accelerator.heal(faults)
    assert len(seen) > 50, "2 s for the answer, 7 s for the look that does not end"
    assert all(seen[:50]), "the siren held"
    with camera.life():
        assert "safe_mode" not in camera.findings()
        eventually(lambda: device(camera) == "simulated", 60.0)
        eventually(lambda: siren(camera), 60.0)
    assert steps(asyncio.run(healed(camera))) == [
        ("restart_accelerator", "accelerator_lost"),
        ("restart_process", "vision_stuck"),
    ]


def test_without_a_step_left_the_watchdog_is_not_fed_any_more(camera: Supervised) -> None:
    asyncio.run(spend(camera, Step.RESTART, 3))
    with camera.life() as process:
        eventually(lambda: siren(camera), 60.0)
        accelerator.strike(camera.folder / "accelerator", accelerator.Fault.STUCK)
        eventually(lambda: camera.findings().get("healing") == "fault", 60.0)
        eventually(lambda: time.monotonic() - camera.fed_s > WATCHDOG_S, 60.0)
        assert process.poll() is None, "it is left to the service manager, which ends it now"
        assert siren(camera)
    accelerator.heal(camera.folder / "accelerator")
    with camera.life():
        eventually(lambda: camera.findings().get("image") is not None, 60.0)
        eventually(lambda: siren(camera), 60.0)
    assert ("restart_process", "vision_stuck") not in steps(asyncio.run(healed(camera)))
