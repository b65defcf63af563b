"""What may become an update, and in which order versions stand."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import OperatorError
from agent.update import slots
from agent.update.confirm import judge
from agent.update.slots import Offer, Phase, Record, Refused, Slot
from agent.update.wellness import complaints

RUNNING = Offer("aislewatch-rpi", "1.2.0+20261122.0310")


def begin(offer: Offer, record: Record | None = None, slot: Slot = Slot.A, kept: Slot = Slot.A) -> Record:
    return slots.begin(record or Record(), offer, running=RUNNING, slot=slot, kept=kept)


@pytest.mark.parametrize("version", ["1.2.0+20261122.0311", "1.2.0+20261123.0001", "1.2.1", "1.10", "2"])
def test_what_is_newer_may_begin(version: str) -> None:
    record = begin(Offer("aislewatch-rpi", version))
    assert (record.phase, record.target, record.version) == (Phase.WRITING, Slot.B, version)
    assert record.before == RUNNING.version


@pytest.mark.parametrize("version", ["1.2.0+20261122.0310", "1.2.0+20261121.2359", "1.2.0", "1.1.9+20991231.0", "0.9"])
def test_the_same_and_the_older_are_refused(version: str) -> None:
    with pytest.raises(Refused, match="not newer"):
        begin(Offer("aislewatch-rpi", version))


@pytest.mark.parametrize("version", ["", "latest", "1.2-rc1", "1..2", "1.2+", "-1"])
def test_what_is_no_version_is_refused(version: str) -> None:
    with pytest.raises(Refused, match="no version"):
        begin(Offer("aislewatch-rpi", version))


def test_a_bundle_for_another_camera_is_refused() -> None:
    with pytest.raises(Refused, match="aislewatch-lab"):
        begin(Offer("aislewatch-lab", "2.0"))


def test_one_update_at_a_time() -> None:
    with pytest.raises(Refused, match="being tried"):
        begin(Offer("aislewatch-rpi", "2.0"), Record(Phase.TRYING, Slot.B, "1.9"))


def test_no_update_from_a_slot_that_is_only_tried() -> None:
    with pytest.raises(Refused, match="not the one that is kept"):
        begin(Offer("aislewatch-rpi", "2.0"), slot=Slot.B, kept=Slot.A)


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=4), st.integers(0, 3))
def test_a_higher_number_anywhere_is_newer(numbers: list[int], where: int) -> None:
    where %= len(numbers)
    higher = [*numbers[:where], numbers[where] + 1, *numbers[where + 1 :]]
    assert slots.order_of(".".join(map(str, higher))) > slots.order_of(".".join(map(str, numbers)))


def facts(n: int, **changes: Any) -> dict[str, Any]:
    camera = {"open": True, "captured": 10 * n, "walked": 9 * n, "inferred": n, **changes.pop("camera", {})}
    well = {"journal": {"durable": True}, "model": {"blind": ""}}
    return {"uptime_s": float(n), "camera": camera, **well, **changes}


def test_a_well_camera_has_no_complaints() -> None:
    assert complaints(facts(1), facts(2)) == []


@pytest.mark.parametrize(
    ("after", "word"),
    [
        (facts(2, uptime_s=0.5), "anew"),
        (facts(2, camera={"captured": 10}), "no pictures"),
        (facts(2, camera={"open": False}), "no pictures"),
        (facts(2, camera={"walked": 9}), "rules"),
        (facts(2, camera={"inferred": 0}), "model"),
        (facts(2, model={"blind": "it finds 0 of the 4 people"}), "does not see: it finds 0 of"),
        (facts(2, journal={"durable": False}), "journal"),
        ({"uptime_s": 2.0}, "lacks"),
    ],
)
def test_what_is_missing_is_named(after: dict[str, Any], word: str) -> None:
    assert any(word in complaint for complaint in complaints(facts(1), after))


def judged(answer: Callable[[int], dict[str, Any]]) -> tuple[list[str], float]:
    """The judge's word on a camera that answers so, and how long it looked, s."""
    now = [0.0]
    looks = iter(range(1, 1000))
    wrong = judge(lambda: answer(next(looks)), monotonic=lambda: now[0], sleep=lambda s: now.__setitem__(0, now[0] + s))
    return wrong, now[0]


def test_the_judge_wants_it_well_several_times() -> None:
    wrong, took_s = judged(facts)
    assert wrong == []
    assert took_s >= 15


def test_the_judge_waits_for_a_slow_start() -> None:
    def answer(look: int) -> dict[str, Any]:
        if look < 10:
            raise OperatorError("nobody answers")
        return facts(look)

    assert judged(answer)[0] == []


def test_the_judge_gives_up_within_five_minutes() -> None:
    wrong, took_s = judged(lambda look: facts(look, journal={"durable": False}))
    assert wrong == ["the journal does not reach the disk"]
    assert took_s <= 240
