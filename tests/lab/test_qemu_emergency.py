"""A start that fails before the camera's program: the board says why, starts again, and is well once it can be."""

from __future__ import annotations

import re
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lab.extent import needs_full
from tests.lab.qemu_board import Board
from tests.lab.test_qemu_board import grown_board, identity, note
from tests.lab.test_qemu_board import image as image
from tools.image import disk

pytestmark = [pytest.mark.lab, pytest.mark.timeout(2400), needs_full]

LENGTH_AT = 446 + 12
"""Where the first entry of a partition table's record tells how many sectors the partition has."""


@pytest.fixture(scope="module")
def board(image: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    with grown_board(image, tmp_path_factory.mktemp("board")) as fresh:
        yield fresh


def test_a_start_without_its_data_says_why_and_starts_again(board: Board) -> None:
    known, journal = identity(board.port)["fp"], board.status()["journal"]
    board.run("sync")
    board.cut()
    told = board.log.stat().st_size
    with too_short_a_data_partition(board.card):
        for _ in range(2):
            begun = time.monotonic()
            board.power_on()
            board.wait_for_reset(timeout_s=400)
            note(emergency_restart_s=round(time.monotonic() - begun, 1))
    said = board.log.read_bytes()[told:].decode(errors="replace")
    assert len(re.findall(r"var-lib\.mount +loaded failed failed", said)) == 2, said[-4000:]
    assert "root@" not in said, "somebody could have logged in"
    board.plug_in(timeout_s=400)
    board.wait_for_camera()
    after = board.status()["journal"]
    assert identity(board.port)["fp"] == known
    assert (after["epoch"], after["last_seq"] >= journal["last_seq"]) == (journal["epoch"], True)
    assert board.run("systemctl is-active emergency.target || true") == "inactive"


@contextmanager
def too_short_a_data_partition(card: Path) -> Iterator[None]:
    """Meanwhile the card's table gives the data one sector: neither check nor mount of its file system succeed."""
    part = next(part for part in disk.read_table(card) if part.number == 7)
    at = part.start * disk.SECTOR - disk.MIB + LENGTH_AT
    write_length(card, at, 1)
    try:
        assert [part.sectors for part in disk.read_table(card) if part.number == 7] == [1]
        yield
    finally:
        write_length(card, at, part.sectors)


def write_length(card: Path, at: int, sectors: int) -> None:
    with card.open("r+b") as file:
        file.seek(at)
        file.write(struct.pack("<I", sectors))
