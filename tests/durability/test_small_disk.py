"""A whole camera on a real disk that is full to the last byte, or that the kernel turns read-only, and comes back."""

from __future__ import annotations

import json
import sqlite3
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hal.simulated.latched import is_on
from tests.durability.loop_disk import LoopDisk, loop_disk
from tests.durability.supervisor import Supervisor
from tests.e2e.camera import config_text
from tools.loopback import free_port

TOLD_S = 5.0
FAULT, WELL = "journal in RAM", "journal on disk again"


class Camera:
    """A camera whose data lie on the disk and whose siren does not."""

    def __init__(self, folder: Path, disk: LoopDisk) -> None:
        (folder / "lines").mkdir()
        (disk.place / "lines").symlink_to(folder / "lines")
        self._folder = folder
        self._disk = disk
        config = folder / "camera.toml"
        port = free_port()
        config.write_text(config_text(disk.place, port=port))
        self._status = f"http://127.0.0.1:{port}/v1/status"
        self._command = [sys.executable, "-m", "agent", "run", "--config", str(config)]

    def life(self) -> Supervisor:
        return Supervisor(self._command, ["true"], self._folder, 10.0)

    @property
    def sounds(self) -> bool:
        return is_on(self._folder / "lines", "siren")

    def silence(self) -> None:
        (self._folder / "lines" / "siren").write_bytes(b"0")

    def until_durable(self, life: Supervisor, durable: bool) -> None:
        """Until the camera says of itself that its events reach the disk, or that they do not."""
        end_s = time.monotonic() + TOLD_S
        life.until(lambda: self._is_durable() is durable or time.monotonic() > end_s)
        assert self._is_durable() is durable, f"not told within {TOLD_S:g} s"

    def _is_durable(self) -> bool | None:
        try:
            with urllib.request.urlopen(self._status, timeout=2.0) as answer:
                return bool(json.load(answer)["journal"]["durable"])
        except OSError:
            return None

    def journalled(self, words: str) -> bool:
        with closing(sqlite3.connect(self._disk.place / "journal.db")) as base:
            return any(words.encode() in bytes(body) for (body,) in base.execute("SELECT body FROM events"))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[LoopDisk]:
    with loop_disk(tmp_path) as made:
        yield made


@pytest.mark.lab
@pytest.mark.timeout(300)
def test_a_disk_filled_to_the_last_byte(tmp_path: Path, disk: LoopDisk) -> None:
    camera = Camera(tmp_path, disk)
    with camera.life() as life:
        life.until(lambda: camera.sounds)
        ballast = disk.fill()
        camera.until_durable(life, False)
        assert camera.sounds
        ballast.unlink()
        camera.until_durable(life, True)
    assert camera.journalled(FAULT)
    assert camera.journalled(WELL)


@pytest.mark.lab
@pytest.mark.timeout(300)
def test_a_start_on_a_full_disk(tmp_path: Path, disk: LoopDisk) -> None:
    camera = Camera(tmp_path, disk)
    with camera.life() as life:
        life.until(lambda: camera.sounds)
    camera.silence()
    ballast = disk.fill()
    with camera.life() as life:
        life.until(lambda: camera.sounds)
        camera.until_durable(life, False)
        ballast.unlink()
        camera.until_durable(life, True)


@pytest.mark.lab
@pytest.mark.timeout(300)
def test_a_disk_that_the_kernel_turns_read_only(tmp_path: Path, disk: LoopDisk) -> None:
    camera = Camera(tmp_path, disk)
    with camera.life() as life:
        life.until(lambda: camera.sounds)
        disk.fail()
        camera.until_durable(life, False)
        assert camera.sounds
        disk.mend()
        camera.until_durable(life, True)
    assert camera.journalled(WELL)
