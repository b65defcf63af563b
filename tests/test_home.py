"""The trial of a configuration within a camera's life, on a clock by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.config import parse_config
from agent.config_file import ConfigFile
from agent.desk import Desk
from agent.domain import Event
from agent.errors import OperatorError
from agent.events.journal import Journal
from agent.events.wire import Item
from agent.home import Home
from agent.trial import STEADY_S, TRIAL_S, TrialState
from hal.simulated.clock import ManualClock

OLD, NEW = '[camera]\nname = "old"\n', '[camera]\nname = "new"\n'


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1000.0)


@pytest.fixture
async def desk(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Desk]:
    async with await Journal.open(tmp_path / "journal.db", clock) as journal:
        yield Desk(journal)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A life under a configuration that a hub has asked to try."""
    path = tmp_path / "camera.toml"
    path.write_text(OLD)
    ConfigFile(path).try_out(NEW, reason="new name", by="kim", linked=True)
    home = Home(ConfigFile(path))
    assert home.begin(parse_config(OLD)).camera.name == "new"
    return home


def told_of(desk: Desk) -> list[Event]:
    told: list[Event] = []

    def watch(item: Item) -> None:
        if isinstance(item, Event):
            told.append(item)

    desk.watch(watch)
    return told


async def test_it_is_kept_told_and_forgotten(home: Home, desk: Desk, clock: ManualClock) -> None:
    told, looks = told_of(desk), 0

    def trouble() -> str:
        nonlocal looks
        looks += 1
        clock.sleep(STEADY_S / 2)
        return "" if looks > 1 else "the camera delivers no pictures"

    await home.watch_trial(desk, clock, clock.monotonic(), trouble, lambda: True)
    assert home.file is not None
    assert (home.file.text(), home.file.trial, home.again.is_set()) == (NEW, None, False)
    assert [(event.kind, event.data["state"], event.data["by"]) for event in told] == [
        ("config_trial", TrialState.CONFIRMED, "kim")
    ]


async def test_a_hub_that_does_not_come_back_has_its_configuration_taken_back(
    home: Home, desk: Desk, clock: ManualClock
) -> None:
    told = told_of(desk)
    start_s = clock.monotonic()
    clock.sleep(TRIAL_S)
    await home.watch_trial(desk, clock, start_s, str, lambda: False)
    assert home.file is not None
    assert (home.file.text(), home.again.is_set(), told) == (OLD, True, [])
    again = Home(ConfigFile(home.file.path))
    assert again.begin(parse_config(NEW)).camera.name == "old"
    await again.watch_trial(desk, clock, clock.monotonic(), str, lambda: False)
    assert [(event.data["state"], event.data["why"]) for event in told] == [
        (TrialState.ROLLED_BACK, "no hub has linked")
    ]
    assert again.file is not None
    assert again.file.trial is None
    assert again.file.last is not None
    assert again.file.last.why == "no hub has linked"


async def test_a_disk_that_refuses_is_asked_again(home: Home, desk: Desk, clock: ManualClock) -> None:
    assert home.file is not None
    blocker = home.file.path.with_name("camera.toml.part")
    blocker.mkdir()
    start_s = clock.monotonic()
    clock.sleep(TRIAL_S)
    watching = asyncio.create_task(home.watch_trial(desk, clock, start_s, str, lambda: False))
    await asyncio.sleep(1.5)
    assert (home.file.text(), watching.done()) == (NEW, False)
    blocker.rmdir()
    await watching
    assert home.file.text() == OLD


@pytest.mark.parametrize("error", [OperatorError("no such pin"), ExceptionGroup("all", [ValueError("no such pin")])])
def test_a_life_that_fails_on_trial_is_followed_by_one_as_before(home: Home, error: Exception) -> None:
    assert home.take_back(error)
    assert home.file is not None
    assert home.file.trial is not None
    assert (home.file.text(), home.file.trial.why) == (OLD, "the camera failed: no such pin")
    assert home.begin(parse_config(NEW)).camera.name == "old"
    assert not home.take_back(error)


async def test_without_a_file_there_is_no_other_life(desk: Desk, clock: ManualClock) -> None:
    home = Home()
    assert home.begin(parse_config(NEW)).camera.name == "new"
    with pytest.raises(OperatorError, match="cannot restart itself"):
        home.begin_again_soon()
    assert not home.take_back(OperatorError("x"))
    await home.watch_trial(desk, clock, 0.0, str, lambda: False)
