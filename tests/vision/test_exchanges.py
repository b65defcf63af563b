"""Who met whom, and whether they parted under each other's ids."""

from collections.abc import Mapping, Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agent.domain import Box, Track
from agent.vision.exchanges import LEAST_LOOKS, MOST_LOOKS, OPEN_S, Exchange, Exchanges, Settled
from agent.vision.looks import F32, SIZE

RED, BLUE, GREEN = 3, 40, 80


def look(colour: int, seed: int = 0) -> F32:
    """Mostly one colour, the rest anything."""
    values = 0.05 * np.random.default_rng(seed).random(SIZE) / SIZE
    values[colour : colour + 4] += 0.25
    return np.asarray(values / values.sum(), np.float32)


def track(number: int, x: float) -> Track:
    return Track(number, 0.0, Box(x - 0.06, 0.3, x + 0.06, 0.7), 0.9, True, True, True, 0.4, 0.0, 0.0)


def meet(before: Mapping[int, F32], after: Sequence[tuple[int, F32]], until_s: float = 3.0) -> list[Settled]:
    """Two tracks overlap from 1 s to 2 s; then come the looks, one after the other."""
    held = Exchanges()
    for t_s in (0.0, 1.0, 1.5, 2.0):
        held.see(t_s, [track(1, 0.5), track(2, 0.8 if t_s < 1 else 0.52)], before)
    assert held.met(1)
    assert held.met(2)
    for number, seen in after:
        held.see(2.5, [track(1, 0.3), track(2, 0.7)], before)
        held.learn(number, seen)
    return held.settle(until_s)


def seen(number: int, colour: int, times: int = LEAST_LOOKS) -> list[tuple[int, F32]]:
    return [(number, look(colour, seed)) for seed in range(times)]


KNOWN = {1: look(RED), 2: look(BLUE)}


def test_two_who_look_like_each_other_since_they_met_have_exchanged_their_ids() -> None:
    (settled,) = meet(KNOWN, [*seen(1, BLUE), *seen(2, RED)])
    assert settled.exchanged
    assert settled.exchange == Exchange(1, 2, 1.0)
    assert {number: len(looks) for number, looks in settled.looks.items()} == {1: LEAST_LOOKS, 2: LEAST_LOOKS}


def test_one_of_the_two_may_be_gone() -> None:
    (settled,) = meet(KNOWN, seen(1, BLUE))
    assert settled.exchanged


def test_two_who_look_as_before_have_not() -> None:
    (settled,) = meet(KNOWN, [*seen(1, RED), *seen(2, BLUE)])
    assert not settled.exchanged


def test_one_look_tells_nothing() -> None:
    assert meet(KNOWN, seen(1, BLUE, LEAST_LOOKS - 1)) == []


def test_somebody_who_looks_like_neither_has_exchanged_with_neither() -> None:
    (settled,) = meet(KNOWN, seen(1, GREEN), until_s=3.0 + OPEN_S)
    assert not settled.exchanged


def test_who_is_unlike_before_and_like_nobody_known_is_in_doubt() -> None:
    held = Exchanges()
    held.see(0.0, [track(1, 0.5), track(2, 0.52)], {1: look(RED)})
    for number, now in seen(1, GREEN):
        held.learn(number, now)
    assert held.doubtful == {1, 2}
    (settled,) = held.settle(OPEN_S + 0.1)
    assert not settled.exchanged


def test_two_dressed_alike_part_as_they_met_and_nobody_waits_for_ever() -> None:
    alike = {1: look(RED), 2: look(RED, 1)}
    assert meet(alike, [*seen(1, RED), *seen(2, RED)]) == []
    (settled,) = meet(alike, [*seen(1, RED), *seen(2, RED)], until_s=3.0 + OPEN_S)
    assert not settled.exchanged


def test_a_new_track_takes_over_from_one_that_is_somebody_else_now() -> None:
    (settled,) = meet({1: look(RED)}, [*seen(1, BLUE), *seen(2, RED)])
    assert settled.exchanged


def test_who_meets_again_is_looked_at_anew() -> None:
    held = Exchanges()
    together, apart = [track(1, 0.5), track(2, 0.52)], [track(1, 0.3), track(2, 0.7)]
    held.see(0.0, together, KNOWN)
    held.see(1.0, apart, KNOWN)
    held.learn(1, look(BLUE))
    held.see(2.0, together, KNOWN)
    held.see(3.0, apart, KNOWN)
    held.learn(1, look(BLUE))
    assert held.settle(3.0) == [], "one look since they were last together"


def test_strangers_and_people_far_apart_do_not_meet() -> None:
    held = Exchanges()
    held.see(0.0, [track(1, 0.2), track(2, 0.8)], KNOWN)
    held.see(0.0, [track(3, 0.5), track(4, 0.52)], KNOWN)
    assert not any(held.met(number) for number in (1, 2, 3, 4))


@given(st.lists(st.tuples(st.sampled_from([1, 2]), st.sampled_from([RED, BLUE, GREEN])), max_size=12))
def test_whatever_is_seen_every_meeting_ends_once(after: list[tuple[int, int]]) -> None:
    looks = [(number, look(colour, seed)) for seed, (number, colour) in enumerate(after)]
    assert len(meet(KNOWN, looks, until_s=3.0 + OPEN_S)) == 1


def test_who_looks_like_both_is_in_doubt_until_more_is_seen() -> None:
    held = Exchanges()
    half = np.asarray((look(RED) + look(BLUE)) / 2, np.float32)
    held.see(0.0, [track(1, 0.5), track(2, 0.52)], {1: look(RED), 2: half})
    assert not held.doubtful
    for seed in range(LEAST_LOOKS):
        assert held.wants(1)
        held.learn(1, np.asarray((look(RED, seed) + 2 * look(BLUE, seed)) / 3, np.float32))
    assert held.doubtful == {1, 2}
    for _ in range(MOST_LOOKS):
        held.learn(1, half)
    assert not held.wants(1)
