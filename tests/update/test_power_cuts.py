"""The real course of an update on a machine whose plug is pulled at random: never a brick, never a wrong record."""

from pathlib import Path
from random import Random

import pytest

from agent.update.engine import PENDING
from agent.update.slots import Phase, Slot
from tests.update.two_slots import System, TwoSlots

BUNDLE = Path("new.raucb")
STEPS = 24
"""Before and after everything that an update which is kept does one after the other."""


def machine(folder: Path, seed: int) -> TwoSlots:
    random = Random(seed)
    systems = {Slot.A: System("1.0+1"), Slot.B: System("0.9", starts=random.random() < 0.5)}
    return TwoSlots(folder, random, forgets_tries=random.random() < 0.5, systems=systems)


@pytest.mark.parametrize("seed", range(200))
def test_a_cut_at_any_step_leaves_a_well_camera(tmp_path: Path, seed: int) -> None:
    board = machine(tmp_path, seed)
    for number in range(2, 5):
        before = board.systems[board.booted].version
        starts = board.random.random() < 0.8
        new = System(f"1.0+{number}", starts=starts, well=starts and board.random.random() < 0.8)
        board.bundles[BUNDLE] = new
        board.steps_left = board.random.randrange(24)
        board.update(BUNDLE)
        record, now = board.store.load(), board.systems[board.booted]
        assert board.booted is board.kept_slot
        assert now.starts
        assert now.well
        assert now.version in (before, new.version)
        assert not (tmp_path / PENDING).exists()
        assert not record.pending
        if record.version == new.version:
            assert (record.phase is Phase.KEPT) == (now.version == new.version)
        board.steps_left = None
    board.bundles[BUNDLE] = System("2.0")
    board.update(BUNDLE)
    assert board.systems[board.booted].version == "2.0"
    assert board.store.load().phase is Phase.KEPT


@pytest.mark.parametrize("cut", range(STEPS))
@pytest.mark.parametrize("forgets_tries", [False, True])
def test_a_cut_at_each_single_step(tmp_path: Path, cut: int, forgets_tries: bool) -> None:
    board = machine(tmp_path, 1)
    board.forgets_tries, board.random = forgets_tries, Once()
    board.bundles[BUNDLE] = System("1.1")
    board.steps_left = cut
    board.update(BUNDLE)
    assert board.cuts == 1
    kept = board.store.load().phase is Phase.KEPT
    assert board.systems[board.booted].version == ("1.1" if kept else "1.0+1")


class Once(Random):
    """No second power cut."""

    def random(self) -> float:
        return 1.0


def test_an_update_that_is_well_is_kept(tmp_path: Path) -> None:
    board = machine(tmp_path, 1)
    board.bundles[BUNDLE] = System("1.1")
    board.update(BUNDLE)
    assert (board.booted, board.kept_slot) == (Slot.B, Slot.B)
    record = board.store.load()
    assert (record.phase, record.version, record.before) == (Phase.KEPT, "1.1", "1.0+1")


@pytest.mark.parametrize(
    ("new", "why"),
    [(System("1.1", starts=False), "did not start"), (System("1.1", well=False), "no pictures")],
)
def test_an_update_that_is_not_well_is_left(tmp_path: Path, new: System, why: str) -> None:
    board = machine(tmp_path, 1)
    board.bundles[BUNDLE] = new
    board.update(BUNDLE)
    assert (board.booted, board.kept_slot) == (Slot.A, Slot.A)
    record = board.store.load()
    assert record.phase is Phase.BACK
    assert why in record.why
