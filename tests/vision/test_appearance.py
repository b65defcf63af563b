"""Who may be the same as before: what links, what does not, how long and how much is remembered."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.config import parse_config
from agent.domain import Box, Track
from agent.rules.senses import Senses
from agent.vision.appearance import KEPT_LOOKS, LOOK_EVERY_S, MOST_PEOPLE, Appearance
from agent.vision.doors import Doors
from agent.vision.exchanges import Exchange
from agent.vision.looks import F32, SIZE, averaged, hellinger

ASPECT = 16 / 9
LINE = '[[line]]\nname = "door"\npoints = [[0.02, 0.5], [0.08, 0.9]]\n'
INSIDE, DOOR, FAR = (0.5, 0.7), (0.06, 0.75), (0.9, 0.9)
RED, BLUE, GREEN = 3, 40, 80


def memory(text: str = LINE, minutes: float = 30.0) -> Appearance:
    return Appearance(Doors(parse_config(text), ASPECT), ASPECT, minutes)


def look(colour: int, seed: int = 0, spread: float = 0.05) -> F32:
    """Mostly one colour, the rest anything."""
    chance = np.random.default_rng(seed)
    values = spread * chance.random(SIZE) / SIZE
    values[colour : colour + 4] += 0.25
    return np.asarray(values / values.sum(), np.float32)


def track(number: int, t_s: float, foot: tuple[float, float], height: float = 0.4) -> Track:
    x, y = foot
    box = Box(x - 0.06, y - height, x + 0.06, y)
    return Track(number, t_s, box, 0.9, True, True, True, height, t_s, t_s)


def show(
    memory: Appearance,
    number: int,
    colour: int,
    start_s: float,
    feet: Sequence[tuple[float, float]],
    seed: int = 0,
) -> dict[int, int]:
    """Somebody is in view for two seconds at each place in turn; returns what they were linked to."""
    links: dict[int, int] = {}
    for step in range(len(feet) * 20):
        t_s, foot = start_s + step / 10, feet[step // 20]
        here = [track(number, t_s, foot)]
        memory.see(t_s, here)
        for one in memory.due(t_s, here):
            memory.learn(t_s, one.id, look(colour, seed + step))
        links |= memory.links(t_s)
    return links


def test_somebody_lost_in_the_shop_and_found_near_is_possibly_the_same() -> None:
    held = memory()
    assert show(held, 1, RED, 0.0, [DOOR, INSIDE]) == {}
    assert show(held, 2, RED, 14.0, [INSIDE, INSIDE], seed=500) == {2: 1}


def test_somebody_dressed_otherwise_is_not() -> None:
    held = memory()
    show(held, 1, RED, 0.0, [DOOR, INSIDE])
    assert show(held, 2, BLUE, 14.0, [INSIDE, INSIDE]) == {}


def test_who_comes_back_through_the_door_must_look_very_much_alike() -> None:
    held = memory()
    show(held, 1, RED, 0.0, [DOOR, INSIDE, DOOR])
    assert show(held, 2, RED, 200.0, [DOOR, INSIDE, INSIDE], seed=500) == {2: 1}
    similar = np.asarray(0.72 * look(RED) + 0.28 * look(RED + 8), np.float32)
    assert 0.15 < hellinger(similar, look(RED)) < 0.45
    stranger = memory()
    show(stranger, 1, RED, 0.0, [DOOR, INSIDE, DOOR])
    for step in range(60):
        here = [track(2, 200 + step / 10, DOOR if step < 20 else INSIDE)]
        stranger.see(200 + step / 10, here)
        for one in stranger.due(200 + step / 10, here):
            stranger.learn(200 + step / 10, one.id, similar)
        assert stranger.links(200 + step / 10) == {}


def test_two_who_look_alike_are_nobody() -> None:
    held = memory()
    show(held, 1, RED, 0.0, [DOOR, INSIDE])
    show(held, 2, RED, 1.0, [(0.6, 0.75), (0.6, 0.75)])
    assert show(held, 3, RED, 18.0, [(0.55, 0.72)] * 2, seed=500) == {}


def test_nobody_is_in_two_places() -> None:
    held = memory()
    links: dict[int, int] = {}
    for step in range(100):
        t_s = step / 10
        here = [track(1, t_s, (0.3, 0.7))] + ([track(2, t_s, (0.7, 0.7))] if step > 20 else [])
        held.see(t_s, here)
        for one in held.due(t_s, here):
            held.learn(t_s, one.id, look(RED, step))
        links |= held.links(t_s)
    assert links == {}


def test_nobody_crosses_the_picture_in_no_time() -> None:
    held = memory()
    show(held, 1, RED, 0.0, [DOOR, (0.2, 0.7)])
    assert show(held, 2, RED, 4.2, [FAR, FAR], seed=500) == {}


def test_a_track_goes_on_as_one_person_only_and_chains_hold() -> None:
    held = memory()
    show(held, 1, RED, 0.0, [DOOR, INSIDE])
    assert show(held, 2, RED, 10.0, [INSIDE, INSIDE], seed=100) == {2: 1}
    assert show(held, 3, RED, 20.0, [INSIDE, INSIDE], seed=200) == {3: 2}


def test_without_named_doors_people_may_come_from_anywhere() -> None:
    """Then somebody who begins inside is as likely new, and must look more alike."""
    held = memory("")
    show(held, 1, RED, 0.0, [INSIDE])
    assert show(held, 2, RED, 400.0, [INSIDE, INSIDE], seed=500) == {}


def met_and_parted(colours: dict[int, int], second: range = range(80)) -> list[Senses]:
    """What is told while red 1 and blue 2 (there in those steps) meet from 4 to 5 s, and part in these colours."""
    held, told = memory(), []
    for step in range(80):
        t_s, apart = step / 10, 0.0 if 40 <= step < 50 else 0.15
        here = [track(1, t_s, (0.5 - apart, 0.7)), track(2, t_s, (0.51 + apart, 0.7))][: 1 + (step in second)]
        held.see(t_s, here)
        for one in held.due(t_s, here):
            held.learn(t_s, one.id, look((colours if step >= 40 else {1: RED, 2: BLUE})[one.id], step))
        told.append(held.tell(t_s, Senses(blind="covered")))
    return told


def test_two_who_part_in_each_others_clothes_are_told_as_exchanged() -> None:
    told = met_and_parted({1: BLUE, 2: RED})
    assert [exchange for senses in told for exchange in senses.exchanged] == [Exchange(1, 2, 4.0)]
    assert not any(senses.appearance for senses in told)
    assert {senses.blind for senses in told} == {"covered"}, "what the other senses said stays"


def test_who_parts_from_a_stranger_in_other_clothes_is_told_as_doubtful() -> None:
    told = met_and_parted({1: GREEN}, second=range(40, 50))
    assert not any(senses.exchanged for senses in told)
    assert not any(senses.doubtful for senses in told[:50])
    assert {1, 2} in [senses.doubtful for senses in told]


def test_after_the_minutes_everything_is_forgotten() -> None:
    held = memory(minutes=5.0)
    show(held, 1, RED, 0.0, [DOOR, INSIDE])
    assert held.held > 0
    held.see(4.0 + 5 * 60, [])
    held.see(4.0 + 5 * 60 + 20, [])
    assert held.held == 0
    assert show(held, 2, RED, 340.0, [INSIDE, INSIDE], seed=500) == {}


def test_the_memory_has_a_hard_limit() -> None:
    held = memory()
    for number in range(MOST_PEOPLE + 150):
        for t_s in (number * 3.0, number * 3.0 + 1, number * 3.0 + 2):
            here = [track(number, t_s, INSIDE)]
            held.see(t_s, here)
            for one in held.due(t_s, here):
                held.learn(t_s, one.id, look(number % 90, number))
        held.links(t_s)
    assert 0 < held.held <= MOST_PEOPLE * (KEPT_LOOKS + 1) * SIZE * 4
    assert MOST_PEOPLE * (KEPT_LOOKS + 1) * SIZE * 4 < 1_000_000


def test_nobody_is_looked_at_more_than_once_a_second_or_when_covered_or_cut() -> None:
    held = memory()
    times = []
    for step in range(100):
        here = [track(1, step / 10, INSIDE)]
        held.see(step / 10, here)
        for one in held.due(step / 10, here):
            times.append(step / 10)
            held.learn(step / 10, one.id, look(RED))
    assert min(np.diff(times)) >= LOOK_EVERY_S - 1e-9
    two = [track(2, 20.0, INSIDE), track(3, 20.0, (0.53, 0.72))]
    held.see(20.0, two)
    assert not held.due(20.0, two)
    cut = track(4, 21.0, INSIDE)._replace(foot_seen=False)
    small = track(5, 21.0, DOOR, height=0.08)
    held.see(21.0, [cut, small])
    assert not held.due(21.0, [cut, small])


def test_one_look_at_somebody_else_does_not_change_the_average() -> None:
    looks = [look(RED, seed) for seed in range(7)]
    assert hellinger(averaged([*looks, look(BLUE)]), averaged(looks)) < 0.02


@given(st.integers(0, 1000), st.integers(0, 90), st.integers(0, 90), st.floats(0.1, 1500))
@settings(max_examples=40, deadline=None)
def test_a_link_is_always_to_somebody_before_and_only_once(seed: int, a: int, b: int, gap_s: float) -> None:
    held = memory()
    links = show(held, 1, a, 0.0, [DOOR, INSIDE], seed)
    links |= show(held, 2, b, 4.0 + gap_s, [INSIDE, INSIDE], seed + 1)
    links |= show(held, 3, a, 9.0 + 2 * gap_s, [INSIDE, DOOR], seed + 2)
    assert all(earlier < later for later, earlier in links.items())
    assert len(set(links.values())) == len(links)


def test_doors_are_edges_lines_and_entrances() -> None:
    zone = '[[zone]]\nname = "in"\nkind = "entrance"\npolygon = [[0.8, 0.1], [0.9, 0.1], [0.9, 0.2], [0.8, 0.2]]\n'
    named, bare = Doors(parse_config(LINE + zone), ASPECT), Doors(parse_config(""), ASPECT)
    assert named.known
    assert not bare.known
    assert named.near(track(1, 0.0, DOOR))
    assert not named.near(track(1, 0.0, INSIDE))
    assert named.near(track(1, 0.0, (0.85, 0.25), height=0.15))
    assert not bare.near(track(1, 0.0, (0.3, 0.7)))
    assert bare.near(track(1, 0.0, (0.05, 0.7)))


@pytest.mark.parametrize("minutes", [0.5, 31])
def test_the_setting_is_bounded(minutes: float) -> None:
    with pytest.raises(Exception, match=r"appearance\.minutes"):
        parse_config(f"[appearance]\nminutes = {minutes}\n")
