"""The plug of an emulated board, pulled while it writes: whatever the camera called safe is on the card afterwards."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import statistics
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from agent.events.journal import Journal, Position
from hal.system import SystemClock
from tests.lab.qemu_board import LINES, PATIENCE_S, Board
from tests.lab.test_qemu_board import DOOR, note
from tests.lab.test_qemu_board import board as board
from tests.lab.test_qemu_board import image as image
from tools.image import disk
from tools.image.run import run

pytestmark = [pytest.mark.lab, pytest.mark.timeout(7200)]

CUTS = int(os.environ.get("AISLEWATCH_CUTS", "3"))
STATES = max(20, CUTS)
PULL = f"{LINES}/sim_gpio{DOOR}/pull"


def test_a_card_as_it_is_at_any_moment_holds_what_was_acknowledged(board: Board, tmp_path: Path) -> None:
    """What a power cut would leave, taken from the running board again and again, repaired and read on this host."""
    dice = random.Random(STATES)
    let_events_happen(board)
    seq = board.status()["journal"]["last_seq"]
    for number in range(STATES):
        acknowledged = safe_beyond(board, seq)
        seq = acknowledged["last_seq"]
        time.sleep(dice.uniform(0, 0.5))
        there = asyncio.run(events_of(left_by_a_cut(board, tmp_path), acknowledged["epoch"]))
        assert there[seq - 1 :], f"state {number}: {seq} events were safe, {len(there)} are there"
        assert there == [*range(1, len(there) + 1)]
        note(power_cut_states=number + 1)


def left_by_a_cut(board: Board, folder: Path) -> Path:
    """The journal as the running board's card has it at this moment; its folder."""
    taken = folder / "data.img"
    with board.stopped():
        copy_part(board.card, data_partition(board.card), taken)
    return repaired_journal(taken, folder)


def data_partition(card: Path) -> disk.Partition:
    return next(part for part in disk.read_table(card) if part.number == 7)


def repaired_journal(taken: Path, folder: Path) -> Path:
    """The journal of a data partition, once its file system was repaired as a start does; its folder."""
    repaired = subprocess.run(["e2fsck", "-fy", taken], capture_output=True, text=True, check=False, timeout=120)
    assert repaired.returncode in (0, 1), repaired.stdout
    journal = folder / "journal"
    shutil.rmtree(journal, ignore_errors=True)
    journal.mkdir()
    for name in ("journal.db", "journal.db-wal"):
        run(["debugfs", "-R", f"dump /aislewatch/{name} {journal / name}", taken])
    return journal


def copy_part(card: Path, part: disk.Partition, out: Path) -> None:
    """Copy what a partition holds; holes stay holes."""
    begin, size = part.start * disk.SECTOR, part.sectors * disk.SECTOR
    out.unlink(missing_ok=True)
    with card.open("rb") as source, out.open("wb") as target:
        target.truncate(size)
        at = begin
        while (at := next_data(source.fileno(), at)) < begin + size:
            read = os.pread(source.fileno(), min(1 << 20, begin + size - at), at)
            os.pwrite(target.fileno(), read, at - begin)
            at += len(read)


def next_data(descriptor: int, at: int) -> int:
    """Where the next bytes that were ever written lie; beyond any card when there are none."""
    try:
        return os.lseek(descriptor, at, os.SEEK_DATA)
    except OSError:  # ENXIO
        return 1 << 62


async def events_of(folder: Path, epoch: str) -> list[int]:
    """The numbers of the events in a journal as the agent would find it at its next start."""
    async with await Journal.open(folder / "journal.db", SystemClock()) as journal:
        assert (journal.head.epoch, journal.head.durable) == (epoch, True), "it began anew"
        found = await journal.read(Position(epoch, 0), limit=100_000)
        return [record.seq for record in found.records]


def let_events_happen(board: Board) -> None:
    """Somebody opens and closes the back door without end."""
    board.run(f"(while :; do for p in down up; do echo pull-$p > {PULL}; sleep 0.2; done; done) & true")


def test_no_event_is_lost_when_the_plug_is_pulled(board: Board, tmp_path: Path) -> None:
    """Each cycle: edges become events, some of them safe by the camera's own word; while more come, the plug."""
    dice, cycle_s = random.Random(CUTS), list[float]()
    before = board.status()["journal"]
    for number in range(1, CUTS + 1):
        begun = time.monotonic()
        let_events_happen(board)
        acknowledged = safe_beyond(board, before["last_seq"] + 3)
        time.sleep(dice.uniform(0, 1))
        board.cut()
        left = all_numbers_left(board, acknowledged, tmp_path)
        board.plug_in(timeout_s=400)
        board.wait_for_answers()
        before = board.status()["journal"]
        assert before["epoch"] == acknowledged["epoch"], "the journal began anew"
        assert before["last_seq"] >= left, f"cut {number}: {left} events were on the card, now {before}"
        cycle_s.append(time.monotonic() - begun)
        note(power_cuts=number, power_cut_cycle_s=round(statistics.median(cycle_s), 1))
        print(f"cut {number}: safe {acknowledged['last_seq']}, on the card {left}, {cycle_s[-1]:.0f} s", flush=True)


def all_numbers_left(board: Board, acknowledged: dict[str, Any], folder: Path) -> int:
    """How many events the card of a board without power holds: without a gap, and none of what was safe missing."""
    taken = folder / "data.img"
    copy_part(board.card, data_partition(board.card), taken)
    there = asyncio.run(events_of(repaired_journal(taken, folder), acknowledged["epoch"]))
    assert there == [*range(1, len(there) + 1)]
    assert len(there) >= acknowledged["last_seq"], f"{acknowledged} were safe, {len(there)} are there"
    return len(there)


def safe_beyond(board: Board, seq: int) -> dict[str, Any]:
    """The journal's state once it says that more than so many events are on the disk."""
    end_s = time.monotonic() + 2 * PATIENCE_S
    while (journal := board.status()["journal"])["last_seq"] <= seq:
        assert time.monotonic() < end_s, journal
    kept: dict[str, Any] = journal
    return kept
