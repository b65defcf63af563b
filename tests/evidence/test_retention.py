"""How old a clip is does not depend on what the wall clock shows."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from agent.domain import Severity
from agent.evidence.retention import RetentionClock, RetentionState, evicted, expired
from hal.ports import WallTime

DAY_S = 86_400.0


@dataclass
class Clip:
    severity: Severity
    kept_s: float
    bytes: int = 100
    held: bool = False


def test_it_runs_with_the_monotonic_clock_whatever_the_wall_clock_does() -> None:
    clock = RetentionClock(None, 50.0)
    for utc_s in (0.0, 4e9, 1.7e9):
        clock.hear(60.0, WallTime(utc_s, synchronised=True))
    assert clock.now_s(150.0) == 100.0


def test_a_pause_counts_where_both_ends_of_it_are_known() -> None:
    kept = RetentionClock(None, 0.0).state(100.0, WallTime(1.7e9, synchronised=True))
    clock = RetentionClock(kept, 7.0)
    assert clock.now_s(7.0) == 100.0
    clock.hear(17.0, WallTime(1.7e9 + DAY_S, synchronised=True))
    assert clock.now_s(17.0) == 100.0 + DAY_S


def test_a_wall_clock_that_nobody_vouches_for_ages_nothing() -> None:
    kept = RetentionState(100.0, 1.7e9, synchronised=True)
    clock = RetentionClock(kept, 0.0)
    clock.hear(10.0, WallTime(4e9, synchronised=False))
    assert clock.now_s(10.0) == 110.0
    clock.hear(20.0, WallTime(1.7e9 + 1000, synchronised=True))
    assert clock.now_s(20.0) == 1100.0


def test_a_pause_that_began_with_a_wrong_clock_counts_nothing() -> None:
    clock = RetentionClock(RetentionState(100.0, 5.0, synchronised=False), 0.0)
    clock.hear(10.0, WallTime(1.7e9, synchronised=True))
    assert clock.now_s(10.0) == 110.0


def test_a_pause_not_yet_known_is_not_forgotten_over_another_one() -> None:
    first = RetentionState(100.0, 1.7e9, synchronised=True)
    between = RetentionClock(first, 0.0).state(50.0, WallTime(3.0, synchronised=False))
    clock = RetentionClock(between, 0.0)
    clock.hear(0.0, WallTime(1.7e9 + DAY_S, synchronised=True))
    assert clock.now_s(0.0) == 100.0 + DAY_S


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 5e9), st.booleans()), max_size=20))
def test_it_never_runs_backwards(hears: list[tuple[float, float, bool]]) -> None:
    clock, mono_s, last_s = RetentionClock(RetentionState(10.0, 1e9, synchronised=True), 0.0), 0.0, 10.0
    for passed_s, utc_s, synchronised in hears:
        mono_s += passed_s
        clock.hear(mono_s, WallTime(utc_s, synchronised))
        assert clock.now_s(mono_s) >= last_s
        last_s = clock.now_s(mono_s)


def test_each_severity_has_its_own_time_and_a_hold_has_none() -> None:
    keep = {Severity.INFO: 10.0, Severity.WARNING: 100.0, Severity.CRITICAL: 1000.0}
    clips = [Clip(severity, 0.0) for severity in Severity] + [Clip(Severity.INFO, 0.0, held=True)]
    assert expired(clips, 9.0, keep.__getitem__) == []
    assert expired(clips, 100.0, keep.__getitem__) == clips[:2]
    assert expired(clips, 9999.0, keep.__getitem__) == clips[:3]


def test_room_is_made_by_the_oldest_of_the_lowest_severity() -> None:
    old_info, new_info = Clip(Severity.INFO, 1.0), Clip(Severity.INFO, 5.0)
    old_critical, held = Clip(Severity.CRITICAL, 0.0), Clip(Severity.INFO, 0.0, held=True)
    clips = [old_critical, new_info, old_info, held]
    assert evicted(clips, 0) == []
    assert evicted(clips, 1) == [old_info]
    assert evicted(clips, 150) == [old_info, new_info]
    assert evicted(clips, 10_000) == [old_info, new_info, old_critical]
