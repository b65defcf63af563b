"""The model of a disk is true to a real one; the journal loses nothing that it promised, wherever the power goes."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

import pytest

from tests.durability import clip_power, journal_power
from tests.durability.io_trace import Kind, Op, build, record, why_not
from tests.durability.power import Cut, Disk, Everything

COUNT = int(os.environ.get("AISLEWATCH_POWER_CUTS", "500"))
needs_gcc = pytest.mark.skipif(bool(why_not()), reason=why_not())

WRITER = """
import os, sys
from pathlib import Path
from agent.durable import write_durably
folder = Path(sys.argv[1])
(folder / "sub").mkdir()
for number in range(20):
    content = bytes([number]) * (700 * number)
    if {durable}:
        write_durably(folder / "value", content)
    else:
        (folder / "value").write_bytes(content)
    with (folder / "sub" / "log").open("ab") as log:
        log.write(content)
    os.truncate(folder / "sub" / "log", number * 1000)
    if number % 5 == 4:
        (folder / "sub" / "log").rename(folder / "sub" / f"log-{{number}}")
        (folder / "sub" / "log").touch()
(folder / "sub" / "log-4").unlink()
"""


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def written(folder: Path, *, durable: bool) -> tuple[Path, list[Op]]:
    work = folder / "work"
    work.mkdir()
    command = [sys.executable, "-c", WRITER.format(durable=durable)]
    return work, record(build(folder), command, work)


def values_after_cuts(folder: Path, ops: list[Op]) -> set[bytes | None]:
    """Every content that `value` may have, over many cuts at every place."""
    empty, chance = folder / "empty", random.Random(1)
    empty.mkdir()
    found = set()
    disk = Disk(empty)
    for number, op in enumerate(ops):
        disk.apply(op)
        for variant in range(4):
            left = folder / f"left-{number}-{variant}"
            disk.write(left, Cut(chance, disk.count))
            value = left / "value"
            found.add(value.read_bytes() if value.exists() else None)
    return found


@needs_gcc
def test_without_a_cut_the_model_holds_what_the_real_disk_holds(tmp_path: Path) -> None:
    work, ops = written(tmp_path, durable=True)
    (tmp_path / "empty").mkdir()
    disk = Disk(tmp_path / "empty")
    for op in ops:
        disk.apply(op)
    disk.write(tmp_path / "model", Everything())
    assert contents(tmp_path / "model") == contents(work)
    assert len(ops) > 100


@needs_gcc
def test_what_is_written_durably_is_whole_after_any_cut_and_the_model_finds_what_is_not(tmp_path: Path) -> None:
    whole = {bytes([number]) * (700 * number) for number in range(20)}
    (tmp_path / "good").mkdir()
    (tmp_path / "bad").mkdir()
    _, good = written(tmp_path / "good", durable=True)
    _, bad = written(tmp_path / "bad", durable=False)
    assert values_after_cuts(tmp_path / "good", good) - {None} <= whole
    assert values_after_cuts(tmp_path / "bad", bad) - {None} - whole, "the model never tears"


@needs_gcc
def test_the_power_goes_while_the_journal_works(tmp_path: Path) -> None:
    check(journal_power.run(tmp_path, 30, seed=1), 30)


@needs_gcc
def test_a_journal_that_did_not_sync_would_be_found_out(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    disk, tally = Disk(tmp_path / "work"), journal_power.Tally()
    program = [sys.executable, "-m", "tests.durability.journal_work", "1", "60"]
    ops = record(build(tmp_path), program, tmp_path / "work")
    unsynced = [op for op in ops if op.kind not in (Kind.SYNC, Kind.SYNC_FOLDER)]
    left = tmp_path / "left"
    for known in journal_power.cut(left, disk, unsynced, journal_power.Promised(), 20, random.Random(1)):
        journal_power.judge(left, known, tally)
    assert any("lost" in problem for problem in tally.problems)


@needs_gcc
@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_the_power_goes_hundreds_of_times(tmp_path: Path) -> None:
    """As often as AISLEWATCH_POWER_CUTS says."""
    check(journal_power.run(tmp_path, COUNT, seed=1000), COUNT)


@needs_gcc
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("cuts", [40, pytest.param(COUNT, marks=pytest.mark.slow)])
def test_the_power_goes_while_clips_are_made_and_erased(tmp_path: Path, cuts: int) -> None:
    tally = clip_power.run(tmp_path, cuts, seed=cuts)
    assert tally.problems == []
    assert tally.cuts == cuts
    assert tally.announced > cuts / 2
    assert tally.finished > 0, "the power never went while a clip was in the making"


def check(tally: journal_power.Tally, cuts: int) -> None:
    assert tally.problems == []
    assert tally.cuts == cuts
    assert tally.promised > cuts * 10
    assert tally.unpromised_there > 0, "the power never went between a commit and its promise"
