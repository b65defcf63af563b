"""The ladder of self-healing: lesser steps first, budgets kept whatever the clock does, patience."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from agent.health.cooling import COOLER_C, GAPS_S, HOLD_S, HOTTER_C, Cooling
from agent.health.ladder import (
    BUDGETS,
    CALM_S,
    DAY_S,
    HOUR_S,
    LADDERS,
    SETTLE_S,
    Act,
    Ladder,
    Purse,
    Step,
    Trouble,
)

UTC = 1_767_225_600.0
FROZEN = {Trouble.FROZEN: "the picture is frozen"}


def climb(
    ladder: Ladder, seconds: int, troubles: dict[Trouble, str], allowed: Sequence[Step] = tuple(Step), start_s: int = 0
) -> list[tuple[int, Act]]:
    """One update a second while the troubles last."""
    found = []
    for second in range(start_s, start_s + seconds):
        found += [(second, act) for act in ladder.update(float(second), UTC + second, troubles, allowed)]
    return found


def test_every_trouble_has_a_ladder_and_every_step_a_budget() -> None:
    assert set(LADDERS) == set(Trouble)
    assert set(BUDGETS) == set(Step)
    order = list(Step)
    for rungs in LADDERS.values():
        assert [rung.step for rung in rungs] == sorted((rung.step for rung in rungs), key=order.index)


def test_a_frozen_picture_is_reopened_at_once_then_the_process_then_the_computer() -> None:
    acts = climb(Ladder(Purse()), 6 * 3600, FROZEN)
    assert acts[0] == (0, Act(Step.REOPEN, Trouble.FROZEN, "the picture is frozen", 1))
    steps = [act.step for _, act in acts]
    assert steps[:7] == [Step.REOPEN] * 3 + [Step.RESTART] * 3 + [Step.REBOOT]
    gaps = [later - before for (before, _), (later, _) in pairwise(acts[:7])]
    assert gaps == [min(SETTLE_S * 2**number, HOUR_S) for number in range(6)]


def test_a_lost_camera_has_time_to_come_back_by_itself() -> None:
    ladder = Ladder(Purse())
    assert climb(ladder, 60, {Trouble.CAMERA_LOST: "gone"}) == []
    assert [act.step for _, act in climb(ladder, 2, {Trouble.CAMERA_LOST: "gone"}, start_s=60)] == [Step.RESTART]


def test_a_step_that_is_not_allowed_is_passed_over_and_without_any_it_is_given_up() -> None:
    acts = climb(Ladder(Purse()), 1200, FROZEN, [Step.REBOOT])
    assert [act.step for _, act in acts] == [Step.REBOOT]
    ladder = Ladder(Purse())
    assert climb(ladder, 1200, FROZEN, []) == []
    assert ladder.given_up == [Trouble.FROZEN]
    ladder.update(1201.0, UTC + 1201, {})
    assert ladder.given_up == []


def test_an_accelerator_costs_no_restart_however_long_it_is_lost() -> None:
    acts = climb(Ladder(Purse()), 86_400, {Trouble.ACCELERATOR_LOST: "lost"})
    assert {act.step for _, act in acts} == {Step.ACCELERATOR}
    assert acts[0][0] == 5
    assert len(acts) <= 24


def test_a_trouble_that_was_long_gone_begins_anew() -> None:
    ladder = Ladder(Purse())
    first = climb(ladder, 5, FROZEN)
    ladder.update(5.0, UTC, {})
    again = climb(ladder, 5, FROZEN, start_s=int(CALM_S) + 10)
    assert [act.number for _, act in first + again] == [1, 1]


def test_budgets_survive_a_restart_and_a_clock_that_was_set_back() -> None:
    purse = Purse()
    purse.spend(Step.REBOOT, UTC)
    kept = Purse(purse.spent)
    assert not kept.allows(Step.REBOOT, UTC + DAY_S - 1)
    assert not kept.allows(Step.REBOOT, UTC - 10 * DAY_S)
    assert kept.allows(Step.REBOOT, UTC + DAY_S)


@given(
    st.lists(
        st.tuples(
            st.floats(0.1, 5000),
            st.floats(-1e6, 1e6),
            st.sets(st.sampled_from(list(Trouble))),
            st.sets(st.sampled_from(list(Step))),
        ),
        max_size=120,
    )
)
def test_no_budget_is_ever_exceeded(turns: list[tuple[float, float, set[Trouble], set[Step]]]) -> None:
    """Whatever troubles come and go, whatever is allowed, however the wall clock jumps."""
    ladder, now_s, utc_s = Ladder(Purse()), 0.0, UTC
    taken: dict[Step, list[float]] = {step: [] for step in Step}
    latest = dict.fromkeys(Step, 0.0)
    for passed_s, jump_s, troubles, allowed in turns:
        now_s, utc_s = now_s + passed_s, utc_s + passed_s + jump_s
        acts = ladder.update(now_s, utc_s, dict.fromkeys(troubles, "why"), allowed)
        assert len({act.trouble for act in acts}) == len(acts)
        for act in acts:
            assert act.step in allowed
            assert act.trouble in troubles
            latest[act.step] = max(latest[act.step], utc_s)
            taken[act.step].append(latest[act.step])
    for step, times in taken.items():
        for most, within_s in BUDGETS[step]:
            assert all(sum(at_s <= other < at_s + within_s for other in times) <= most for at_s in times)


@given(st.lists(st.floats(20, 110), min_size=1, max_size=300))
def test_the_pace_follows_the_heat_one_level_a_minute_and_never_stops(temps: list[float]) -> None:
    cooling, before, changed_s = Cooling(), 0, -HOLD_S
    for minute, temp_c in enumerate(temps):
        t_s = minute * 30.0
        changed = cooling.update(t_s, temp_c)
        assert abs(cooling.level - before) == changed
        if changed:
            assert t_s - changed_s >= HOLD_S
            changed_s = t_s
            if cooling.level > before:
                assert temp_c >= HOTTER_C[before]
            else:
                assert temp_c <= COOLER_C[before - 1]
        before = cooling.level
        assert cooling.gap_s == GAPS_S[cooling.level] <= 0.25
