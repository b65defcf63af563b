"""Whose turn it is: no faster than the pace, one network after the other, friends apart from strangers."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.hub.bucket import Rate
from agent.web.turns import TurnLimits, Turns

SLOW = Rate(per_s=2.0, at_once=3)
LIMITS = TurnLimits(strangers=SLOW, friends=SLOW, room=8, room_each=4, patience_s=2.0, known=2)


def always(_: object) -> bool:
    return True


def called(turns: Turns[str], now_s: float) -> list[str]:
    """Everybody who may come in now."""
    found = []
    while (who := turns.next(now_s, always)) is not None:
        found.append(who)
    return found


def test_some_come_in_at_once_and_the_rest_at_the_pace() -> None:
    turns = Turns[str](LIMITS)
    for number in range(4):
        assert turns.come(f"a{number}", "a", 10.0) is None
    assert called(turns, 10.0) == ["a0", "a1", "a2"]
    assert turns.pause_s(10.0) == 0.5
    assert called(turns, 10.49) == []
    assert called(turns, 10.5) == ["a3"]
    assert turns.pause_s(10.5) is None


def test_two_of_a_kind_never_come_within_the_gap() -> None:
    turns = Turns[str](TurnLimits(strangers=Rate(per_s=2.0, at_once=3, gap_s=0.1)))
    for who in "ab":
        turns.come(who, who, 1.0)
    assert called(turns, 1.0) == ["a"]
    assert turns.pause_s(1.0) == pytest.approx(0.1)
    assert called(turns, 1.11) == ["b"]


def test_a_network_waits_for_no_other_ones_crowd() -> None:
    turns = Turns[str](LIMITS)
    for who in ("a0", "a1", "a2", "a3"):
        turns.come(who, "a", 0.0)
    turns.come("b0", "b", 0.0)
    assert called(turns, 0.0) == ["a0", "b0", "a1"]


def test_who_has_waited_longest_makes_room_in_a_crowd() -> None:
    turns = Turns[str](LIMITS)
    assert [turns.come(f"a{number}", "a", 0.0) for number in range(6)] == [None] * 4 + ["a0", "a1"]
    assert [turns.come(f"b{number}", f"b{number}", 0.0) for number in range(5)] == [None] * 4 + ["a2"]
    assert len(turns) == LIMITS.room


def test_friends_have_a_pace_of_their_own() -> None:
    turns = Turns[str](LIMITS)
    turns.prove("hub")
    for number in range(4):
        turns.come(f"a{number}", "a", 0.0)
    assert called(turns, 0.0) == ["a0", "a1", "a2"]
    turns.come("hub", "hub", 0.0)
    assert called(turns, 0.0) == ["hub"]


def test_the_last_few_friends_are_remembered() -> None:
    turns = Turns[str](LIMITS)
    for name in ("old", "hub", "till", "hub"):
        turns.prove(name)
    for name in ("a", "b", "c", "old", "till"):
        turns.come(name, name, 0.0)
    assert called(turns, 0.0) == ["till", "a", "b", "c"]


def test_who_hung_up_costs_no_turn() -> None:
    turns = Turns[str](LIMITS)
    for number in range(4):
        turns.come(f"a{number}", "a", 0.0)
    turns.come("b", "b", 0.0)
    assert turns.next(0.0, lambda who: who == "b") == "b"
    assert len(turns) == 3


def test_nobody_waits_beyond_their_patience() -> None:
    turns = Turns[str](LIMITS)
    turns.come("a", "a", 0.0)
    turns.come("b", "b", 1.0)
    assert turns.late(2.0) == []
    assert turns.late(2.1) == ["a"]
    assert turns.clear() == ["b"]
    assert not len(turns)


VISITS = st.lists(st.tuples(st.floats(0, 0.4), st.sampled_from("abcdhk")), max_size=120)


@given(VISITS)
def test_no_flood_exceeds_the_pace_and_none_is_lost_or_doubled(visits: list[tuple[float, str]]) -> None:
    turns, now_s = Turns[tuple[int, str]](LIMITS), 0.0
    turns.prove("h")
    came, left = Counter[tuple[int, str]](), Counter[tuple[int, str]]()
    let_in = {True: 0, False: 0}
    for number, (pause_s, network) in enumerate(visits):
        now_s += pause_s
        who = (number, network)
        came[who] += 1
        if (gone := turns.come(who, network, now_s)) is not None:
            left[gone] += 1
        left.update(turns.late(now_s))
        while (one := turns.next(now_s, always)) is not None:
            left[one] += 1
            let_in[one[1] == "h"] += 1
        assert len(turns) <= 2 * LIMITS.room
        assert max(let_in.values()) <= SLOW.at_once + now_s * SLOW.per_s + 1e-6
    left.update(turns.clear())
    assert left == came
