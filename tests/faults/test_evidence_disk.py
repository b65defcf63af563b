"""A real disk that is full to the last byte, or becomes read-only: evidence goes on in RAM and loses nothing."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.domain import HealthState, Severity
from agent.evidence.manifest import VIDEO
from agent.tables.evidence import EvidenceConfig
from hal.mp4 import examine
from tests.evidence.rig import Rig
from tests.faults.disks import small_disk_at

FREE = EvidenceConfig(min_free_mb=0.0)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk_at(tmp_path / "disk", "2m") as place:
        yield place


def fill(disk: Path) -> Path:
    """Take every byte that is left."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            pass
    return ballast


def remount(disk: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], check=True)


def states(rig: Rig) -> list[HealthState]:
    return [sample.state for sample in rig.health]


def check_whole(rig: Rig, at_least_s: float) -> None:
    """The clip that lived through the trouble is whole."""
    told = rig.told("clip")[-1]
    assert (told["state"], told["ended"]) == ("stored", "complete")
    assert rig.verified(told["clip"]).problems == []
    assert examine(rig.path(told["clip"]) / VIDEO).duration_s >= at_least_s


def test_a_full_disk_costs_nothing_but_time(disk: Path) -> None:
    rig = Rig(disk, FREE)
    rig.run(6.0)
    incident = rig.open()
    rig.run(2.0)
    ballast = fill(disk)
    rig.run(5.0)
    assert states(rig) == [HealthState.FAULT], "told within 5 s, once"
    rig.close(incident)
    rig.run(8.0)
    assert rig.told("clip") == [], "nothing is announced that is not on the disk"
    ballast.unlink()
    rig.run(4.0)
    assert states(rig) == [HealthState.FAULT, HealthState.OK]
    check_whole(rig, 17.0)


def test_a_full_disk_is_noticed_though_nothing_is_recorded(disk: Path) -> None:
    rig = Rig(disk, FREE)
    rig.run(3.0)
    ballast = fill(disk)
    rig.run(5.0)
    assert states(rig) == [HealthState.FAULT]
    ballast.unlink()
    rig.run(5.0)
    assert states(rig) == [HealthState.FAULT, HealthState.OK]


def test_a_disk_that_becomes_read_only_is_taken_up_again(disk: Path) -> None:
    rig = Rig(disk, FREE)
    rig.run(6.0)
    incident = rig.open()
    rig.run(1.0)
    remount(disk, "ro")
    rig.audit.record("arming", mode="disarmed")
    rig.run(5.0)
    assert states(rig) == [HealthState.FAULT]
    remount(disk, "rw")
    rig.run(4.0)
    rig.close(incident)
    rig.run(8.0)
    assert states(rig) == [HealthState.FAULT, HealthState.OK]
    check_whole(rig, 19.0)
    assert '"mode":"disarmed"' in (disk / "audit.log").read_text()


def test_a_start_on_a_read_only_disk_begins_when_it_can(disk: Path) -> None:
    (disk / "clips").mkdir()
    remount(disk, "ro")
    rig = Rig(disk, FREE)
    incident = rig.open()
    rig.run(6.0)
    assert states(rig) == [HealthState.FAULT]
    remount(disk, "rw")
    rig.run(3.0)
    rig.close(incident)
    rig.run(8.0)
    check_whole(rig, 13.0)


def test_old_clips_make_room_before_the_disk_is_full(disk: Path) -> None:
    rig = Rig(disk, replace(FREE, min_free_mb=1.0))
    rig.run(6.0)
    first = rig.happen("a", Severity.INFO)
    held = rig.happen("b", Severity.INFO)
    rig.keeper.vault.hold(held, "police")
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(1 << 20))
    rig.run(3.0)
    assert rig.keeper.vault.clip(first) is None
    assert rig.keeper.vault.clip(held) is not None, "nothing held is lost"
    assert rig.keeper.counts.erased == 1
