"""Every board tells what it is, never raises for what it lacks, and gives plain numbers."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from hal.board import LinuxBoard
from hal.ports import Board
from hal.simulated.board import SimulatedBoard


@pytest.fixture(params=["this machine", "bare tree", "simulated"])
def board(request: pytest.FixtureRequest, tmp_path: Path) -> Board:
    if request.param == "simulated":
        return SimulatedBoard()
    if request.param == "bare tree":
        return LinuxBoard("/data", root=tmp_path, vcgencmd="no-such-program")
    return LinuxBoard(str(tmp_path))


def test_identity_is_stable_and_plain(board: Board) -> None:
    assert board.model
    assert board.serial == board.serial
    assert board.serial.isalnum()
    assert board.serial == board.serial.lower()


def test_cameras_that_share_a_board_go_by_ids_of_their_own(tmp_path: Path) -> None:
    alone = LinuxBoard(str(tmp_path)).serial
    assert LinuxBoard(str(tmp_path), instance="till2").serial == f"{alone}-till2"


def test_every_reading_is_a_number_a_flag_or_missing(board: Board) -> None:
    readings = dataclasses.asdict(board.sample())
    assert readings.pop("storage_kind") in (None, "emmc", "sd", "nvme", "disk")
    for value in readings.values():
        assert value is None or isinstance(value, (bool, int, float))


def test_this_machine_has_memory_disk_and_load(tmp_path: Path) -> None:
    sample = LinuxBoard(str(tmp_path)).sample()
    assert sample.mem_total_mb is not None
    assert sample.mem_available_mb is not None
    assert 0 < sample.mem_available_mb <= sample.mem_total_mb
    assert sample.process_rss_mb is not None
    assert 5 < sample.process_rss_mb < sample.mem_total_mb
    assert sample.disk_free_mb is not None
    assert sample.uptime_s is not None
    assert sample.load_1min is not None


def test_a_simulated_board_takes_what_it_is_told() -> None:
    board = SimulatedBoard()
    board.update(soc_temp_c=85.0, throttled_now=True, wifi_signal_dbm=None)
    sample = board.sample()
    assert (sample.soc_temp_c, sample.throttled_now, sample.wifi_signal_dbm) == (85.0, True, None)
    with pytest.raises(TypeError):
        board.update(humidity=3)
