"""Nights with other sensors: what they tell fits what happens, and broken ones tell what broken ones tell."""

from collections import Counter

import numpy as np
import pytest

from hal.simulated.scenario.frames import frames
from hal.simulated.scenario.layouts import shop_layout
from hal.simulated.scenario.noise import CLEAN, NoisyFrame, perturbed
from hal.simulated.scenario.sensors import DECEITS, FAULTS, NIGHT_S, SensorNight, haunted

SHOP = shop_layout(0)


def nights(count: int, *, burglar: bool) -> list[SensorNight]:
    return [SensorNight(SHOP, seed, burglar=burglar) for seed in range(count)]


def test_faults_come_about_as_often_as_they_should() -> None:
    states = Counter((name, state) for night in nights(300, burglar=False) for name, state in night.states.items())
    for name, fault in FAULTS.items():
        assert states[name, "missing"] / 300 == pytest.approx(fault.missing, abs=0.08)
        assert states[name, "well"] / 300 == pytest.approx(1 - sum(fault), abs=0.1)


def test_a_well_pir_notices_a_burglar_and_a_dead_one_nothing() -> None:
    for night in nights(80, burglar=True):
        (burglar,) = night.people
        during = [
            one.t_s
            for one in night.inputs
            if one.kind == "pir" and one.active and burglar.itinerary.start_s <= one.t_s <= burglar.itinerary.end_s
        ]
        if night.states["pir"] == "well":
            assert during
        elif night.states["pir"] != "dies":
            assert not during


def test_a_stuck_pir_has_not_let_go_since_the_evening() -> None:
    stuck = next(night for night in nights(100, burglar=True) if night.states["pir"] == "stuck")
    assert [(one.active, one.t_s < 0) for one in stuck.inputs if one.kind == "pir"] == [(True, True)]


def test_the_thermal_array_sees_the_burglar_and_little_else() -> None:
    well = [night for night in nights(60, burglar=True) if night.states["thermal"] == "well"]
    assert len(well) > 20
    seen = empty = 0.0
    for night in well:
        middle_s = (night.people[0].itinerary.start_s + night.people[0].itinerary.end_s) / 2
        seen += bool((night.warm(middle_s) or (0, ""))[0]) / len(well)
        empty += bool((night.warm(7.9 * 3600) or (0, ""))[0]) / len(well)
        assert night.warm(middle_s) == night.warm(middle_s)
    assert seen > 0.8
    assert empty < 0.2
    missing = next(night for night in nights(60, burglar=True) if night.states["thermal"] == "missing")
    assert missing.warm(100.0) is None


def test_ghosts_are_boxes_in_the_picture_that_are_less_sure_than_people() -> None:
    ghosts = [ghost for night in nights(20, burglar=False) for ghost in night.ghosts(5.0)]
    assert {ghost.kind for ghost in ghosts} == set(DECEITS)
    for ghost in ghosts:
        assert ((ghost.boxes >= 0) & (ghost.boxes <= 1)).all()
        assert (ghost.boxes[:, 2:] >= ghost.boxes[:, :2]).all()
        assert ghost.times[-1] <= NIGHT_S
    shown = np.concatenate([ghost.scores[ghost.scores > 0] for ghost in ghosts])
    assert 0.5 < float(shown.mean()) < 0.75


def test_ghosts_stand_among_the_people_of_the_night() -> None:
    night = SensorNight(SHOP, 3, burglar=True)
    plain = list(perturbed(frames(night, 5.0), CLEAN, 3))
    mixed = haunted(plain, night.ghosts(5.0))
    times = [frame.t_s for frame in mixed]
    assert times == sorted(set(times))
    assert {frame.t_s for frame in plain} <= set(times)
    assert sum(len(frame.found) for frame in mixed) > sum(len(frame.found) for frame in plain)
    assert haunted([NoisyFrame(1.0, ())], []) == [NoisyFrame(1.0, ())]


def test_the_same_seed_gives_the_same_night() -> None:
    a, b = SensorNight(SHOP, 5, burglar=True), SensorNight(SHOP, 5, burglar=True)
    assert (a.states, a.inputs) == (b.states, b.inputs)
    assert [ghost.boxes.tolist() for ghost in a.ghosts(4.0)] == [ghost.boxes.tolist() for ghost in b.ghosts(4.0)]
