"""A factory reset erases what it names and nothing else, whatever interrupts it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agent.domain import Event
from agent.errors import OperatorError
from agent.reset import MARKER, FactoryReset
from hal.simulated.clock import ManualClock

GONE = [
    "identity/key.pem", "identity/trust.json", "keys/device.pem", "evidence/clips/a/video.mp4",
    "evidence/clips/b.gone/x", "journal.db", "journal.db-wal", "journal.db.damaged", "audit.log", "audit.head",
]  # fmt: skip
STAYS = ["camera.toml", "lines/siren", "models/own.tflite"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in GONE + STAYS:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("secret")
    return tmp_path


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def ordered(folder: Path, clock: ManualClock) -> FactoryReset:
    reset = FactoryReset(folder, clock)
    asyncio.run(reset.order("cam0001", "f" * 64, "sold", "kim"))
    return reset


def told(folder: Path) -> Event | None:
    """What the next start tells, and then forgets."""
    reset = FactoryReset(folder, ManualClock())
    reset.erase()
    event = reset.begin_anew()
    reset.forget()
    return event


def test_what_it_names_is_gone_and_the_next_start_tells_of_it_once(folder: Path) -> None:
    clock = ManualClock()
    reset = ordered(folder, clock)
    assert files(folder) == {*GONE, *STAYS, MARKER}
    clock.sleep(4.0)
    reset.erase()
    assert files(folder) == {*STAYS, MARKER}
    event = told(folder)
    assert event is not None
    assert (event.kind, event.data["by"], event.data["reason"]) == ("factory_reset", "kim", "sold")
    assert (event.data["files"], event.data["took_s"]) == (len(GONE), 4.0)
    assert files(folder) == set(STAYS)
    assert told(folder) is None


def test_keys_are_overwritten_where_they_lie(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    beside = tmp_path_factory.mktemp("beside")
    for name in ("identity/key.pem", "keys/device.pem", "journal.db"):
        (beside / Path(name).name).hardlink_to(folder / name)
    (folder / "identity/link").symlink_to(folder / "camera.toml")
    ordered(folder, ManualClock()).erase()
    assert files(folder) == {*STAYS, MARKER}
    assert (beside / "key.pem").read_bytes() == (beside / "device.pem").read_bytes() == bytes(len("secret"))
    assert (folder / "camera.toml").read_text() == (beside / "journal.db").read_text() == "secret"


@pytest.mark.parametrize("done", range(len(GONE) + 1))
def test_a_power_cut_ends_nothing(folder: Path, done: int) -> None:
    ordered(folder, ManualClock())
    for name in GONE[:done]:
        (folder / name).unlink()
    event = told(folder)
    assert files(folder) == set(STAYS)
    assert event is not None
    assert event.data["files"] == len(GONE) - done


def test_what_came_after_it_is_not_erased_again(folder: Path) -> None:
    """The power fails between the erasing and the first words of the new log."""
    ordered(folder, ManualClock()).erase()
    (folder / "identity").mkdir()
    (folder / "identity/key.pem").write_text("new")
    assert told(folder) is not None
    assert (folder / "identity/key.pem").read_text() == "new"


def test_without_an_order_nothing_is_erased(folder: Path) -> None:
    assert told(folder) is None
    (folder / MARKER).write_text('{"device": 3}')
    assert told(folder) is None
    assert files(folder) >= {*GONE, *STAYS}


def test_a_disk_that_takes_no_order_refuses_it(folder: Path) -> None:
    (folder / f"{MARKER}.part").mkdir()
    with pytest.raises(OperatorError, match="does not take"):
        ordered(folder, ManualClock())
    assert files(folder) >= {*GONE, *STAYS}


def test_a_disk_that_fails_meanwhile_is_tried_again_at_the_next_start(folder: Path) -> None:
    reset = ordered(folder, ManualClock())
    (folder / f"{MARKER}.part").mkdir()
    reset.erase()
    event = reset.begin_anew()
    reset.forget()
    assert event is not None
    assert event.data["took_s"] is None
    (folder / f"{MARKER}.part").rmdir()
    again = told(folder)
    assert again is not None
    assert again.data["took_s"] is not None
    assert files(folder) == set(STAYS)
