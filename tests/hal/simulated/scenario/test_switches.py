from dataclasses import replace
from itertools import pairwise

from hal.simulated.scenario.noise import CLEAN
from hal.simulated.scenario.switches import Switches

LEFT, MIDDLE, RIGHT = (0.1, 0.2, 0.2, 0.8), (0.14, 0.2, 0.24, 0.8), (0.7, 0.2, 0.8, 0.8)


def test_without_errors_every_track_keeps_its_id() -> None:
    switches = Switches(CLEAN, 1)
    names = [switches.rename(t_s / 10, {5: LEFT, 9: MIDDLE}) for t_s in range(1000)]
    assert all(name == names[0] for name in names)
    assert len(set(names[0].values())) == 2


def test_new_ids_come_as_often_as_told_and_are_never_used_again() -> None:
    switches = Switches(replace(CLEAN, new_id_every_s=20.0), 1)
    ids = [switches.rename(t_s / 10, {5: LEFT})[5] for t_s in range(20_000)]
    changes = sum(a != b for a, b in pairwise(ids))
    assert 70 < changes < 130
    assert ids == sorted(ids)


def test_two_who_pass_may_exchange_their_ids_once() -> None:
    switches = Switches(replace(CLEAN, swaps=1.0), 1)
    before = switches.rename(0.0, {1: LEFT, 2: RIGHT})
    passing = [switches.rename(1.0 + k / 10, {1: LEFT, 2: MIDDLE}) for k in range(5)]
    assert (passing[-1][1], passing[-1][2]) == (before[2], before[1])
    assert passing[0] == passing[-1]
    assert switches.rename(20.0, {1: LEFT, 2: MIDDLE}) == before


def test_the_same_seed_gives_the_same_ids() -> None:
    noise = replace(CLEAN, new_id_every_s=5.0)
    first, second = ([Switches(noise, 4).rename(float(t), {1: LEFT}) for t in range(50)] for _ in range(2))
    assert first == second
