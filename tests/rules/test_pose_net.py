"""The network of a hand: the same for one moment as for many, explained exactly, blind for what must not count."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.rules.pose_learned import NET, USUAL
from agent.rules.pose_memory import DELAY_S, FORGET_S, GAP_S, STEP_S, STEPS, Look, Memory
from agent.rules.pose_net import KERNEL, Layer, Net, logits, read_net
from agent.rules.pose_numbers import COLUMN, F32, NUMBERS, body_numbers, mirrored
from agent.rules.pose_score import both_hands, course_of
from agent.rules.pose_shares import shares
from agent.rules.poses import Body, body_of
from hal.simulated.scenario.actor import ActScript
from hal.simulated.scenario.acts import take
from hal.simulated.scenario.pose_day import PosePlan
from hal.simulated.scenario.rare_acts import hide_in_bag, hide_under_jacket
from models.train.hands.days import (
    CLEAR,
    HIDES,
    NEAR_STEPS,
    OF_HIDERS,
    OF_NEAR,
    OF_OTHERS,
    UNCLEAR,
    Days,
    day_of,
    idle_weights,
)
from models.train.hands.fit import usual_of, written
from tests.rules.acting import ASPECT, poses_of, visit_of

LIMBS = COLUMN["walk_x"]
seeds = st.integers(0, 2**32 - 1)


def windows(seed: int, count: int = 1) -> F32:
    return np.random.default_rng(seed).normal(0.0, 1.0, (count, STEPS, len(NUMBERS))).astype(np.float32)


def plainly(net: Net, window: F32) -> float:
    """The same network step by step, every layer in full with its steps so far apart."""
    hidden = np.maximum(window @ net.first.weights + net.first.bias, 0.0)
    for number, layer in enumerate(net.middle):
        far = 2**number
        parts = [hidden[step * far : len(hidden) - (KERNEL - 1 - step) * far] for step in range(KERNEL)]
        hidden = parts[-1] + np.maximum(np.concatenate(parts, axis=1) @ layer.weights + layer.bias, 0.0)
    assert len(hidden) == 1
    return float((hidden @ net.last.weights + net.last.bias)[0, 0])


@settings(max_examples=10, deadline=None)
@given(seeds)
def test_only_what_is_needed_is_computed_and_it_is_the_same(seed: int) -> None:
    some = windows(seed, 3)
    assert logits(NET, some) == pytest.approx([plainly(NET, one) for one in some], abs=1e-3)


@settings(max_examples=10, deadline=None)
@given(seeds)
def test_the_shares_of_the_factors_add_up(seed: int) -> None:
    window = windows(seed)[0]
    base, added = shares(NET, window, USUAL)
    assert base + sum(added.values()) == pytest.approx(float(logits(NET, window[None])[0]), abs=1e-3)
    assert set(added) == {*NUMBERS.values(), "afterwards"}


def test_who_is_as_usual_has_no_shares() -> None:
    _, added = shares(NET, np.broadcast_to(USUAL, (STEPS, len(NUMBERS))), USUAL)
    assert set(added.values()) == {0.0}


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_a_mirror_image_looked_at_in_the_mirror_is_the_same(seed: int) -> None:
    some = windows(seed)
    assert (mirrored(mirrored(some)) == some).all()
    left, right = both_hands(some[0])
    assert (both_hands(left)[0] == right).all()


def test_the_head_tells_only_whether_it_looks_down() -> None:
    """Where it is turned to may add a little (semantics.md) and must not come in by another way."""
    assert not [name for name in NUMBERS if {"nose", "eye", "ear"} & set(name.split("_"))]
    rng = np.random.default_rng(5)
    xy, seen = rng.normal(0.5, 0.1, (1, 17, 2)), np.full((1, 17), 0.9)
    turned = xy.copy()
    turned[:, :5, 0] += 0.05
    one, other = (body_numbers(places, seen, np.array([0.2]))[0] for places in (xy, turned))
    assert (one == other).all()


def written_and_read(net: Net) -> Net:
    room: dict[str, Net] = {}
    exec(written(net, USUAL), {"__name__": "read"}, room)
    return room["NET"]


def test_a_network_is_read_as_it_was_written_but_for_rounding() -> None:
    rng = np.random.default_rng(3)
    shapes = [(len(NUMBERS), 8), *[(KERNEL * 8, 8)] * 5, (8, 1)]
    layers = [
        Layer(rng.normal(0, 0.3, shape).astype(np.float32), rng.normal(0, 0.1, shape[1]).astype(np.float32))
        for shape in shapes
    ]
    net = Net(layers[0], tuple(layers[1:-1]), layers[-1])
    read = written_and_read(net)
    for kept, layer in zip((read.first, *read.middle, read.last), layers, strict=True):
        assert kept.bias == pytest.approx(layer.bias)
        assert np.abs(kept.weights - layer.weights).max() <= np.abs(layer.weights).max() / 127
    some = windows(4, 20)
    assert np.corrcoef(logits(read, some), logits(net, some))[0, 1] > 0.99


def test_a_text_that_is_cut_is_not_read() -> None:
    with pytest.raises(ValueError, match="reshape"):
        read_net([(4, 2)], "", "")


def bodies() -> list[Body]:
    visit = visit_of([hide_under_jacket, take], 3, turned_deg=40.0)
    return [body_of(pose, ASPECT) for _, pose in poses_of(visit, 5.0)]


def look(t_s: float, *, there: bool = True, at: float = 0.0) -> Look:
    return Look(t_s, np.full(LIMBS, t_s, np.float32), np.array([at, 0.0]), 0.5, there, (False, True))


def test_a_step_without_a_look_repeats_the_one_before_for_a_second() -> None:
    memory = Memory()
    memory.take(look(1.0))
    assert (memory.rows == memory.rows[-1]).all(), "taken to have been so all along"
    assert memory.take(look(2.6)) == 8
    ages = memory.rows[-9:, COLUMN["age"]]
    assert ages == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, GAP_S, GAP_S, GAP_S, 0])
    assert memory.rows[-5, 0] == 1.0
    assert memory.rows[-4, : COLUMN["age"]].tolist() == [0.0] * COLUMN["age"]
    assert memory.rows[-4, COLUMN["shelf_known"]] == 1.0


def test_two_looks_in_a_step_are_one_and_walking_is_told_from_step_to_step() -> None:
    memory = Memory()
    memory.take(look(1.0, at=0.0))
    memory.take(look(1.2, at=0.05))
    assert memory.take(look(1.25, at=0.1)) == 0
    assert memory.rows[-1, COLUMN["walk_x"]] == pytest.approx(0.1 / 0.5 / 0.25)
    assert memory.rows[-2, COLUMN["walk_x"]] == 0.0


def test_after_a_long_gap_it_begins_anew() -> None:
    memory = Memory()
    memory.take(look(1.0))
    memory.take(look(1.0 + FORGET_S + STEP_S))
    assert (memory.rows == memory.rows[-1]).all()


def test_a_course_has_a_step_for_every_look_and_is_judged_later() -> None:
    some = bodies()
    course = course_of(some)
    assert course.step.tolist() == sorted(course.step)
    assert course.step[-1] == len(course.rows) - 1
    early = course_of(some[: len(some) // 2])
    sure = [body.t_s <= some[len(some) // 2 - 1].t_s - DELAY_S for body in some[: len(some) // 2]]
    whole, half = course.moment_logits()[:, : len(sure)], early.moment_logits()
    assert half[:, sure] == pytest.approx(whole[:, sure], abs=1e-4), "what comes later changes nothing"


def test_a_day_to_learn_from_has_what_hands_do() -> None:
    day = day_of(301, PosePlan(shoppers=1, hiders=2, sitters=0))
    assert len(day.rows) == len(day.labels) == day.lengths.sum()
    assert set(np.unique(day.labels).tolist()) == {CLEAR, HIDES, UNCLEAR}
    assert ((day.labels == HIDES).sum(0) > 0).any()
    assert usual_of(day).shape == USUAL.shape
    assert day.rows[:, COLUMN["in_shelf"]].any(), "hands reach into shelves"
    again = Days(*day_of(301, PosePlan(shoppers=1, hiders=2, sitters=0)))
    assert (again.rows == day.rows).all()


def test_held_out_days_are_not_learned_from() -> None:
    with pytest.raises(ValueError, match="held out"):
        day_of(1000)


@pytest.mark.parametrize("script", [hide_in_bag, hide_under_jacket])
def test_hiding_stands_out(script: ActScript) -> None:
    visit = visit_of([take, script, take], 3, turned_deg=40.0)
    some = [body_of(pose, ASPECT) for _, pose in poses_of(visit, 5.0)]
    course = course_of(some)
    spans = list(visit.spans("hide"))
    hides = np.array([any(a <= body.t_s <= b for a, b in spans) for body in some])
    odds = course.moment_logits().max(0)
    assert odds[hides].max() == odds.max()


def test_who_hides_nothing_counts_most_and_the_edges_of_hiding_hardly() -> None:
    labels = np.zeros((150, 2), np.int8)
    labels[50:60] = UNCLEAR, HIDES
    days = Days(np.zeros((150, 45), np.float16), labels, np.array([100, 50]))
    near = slice(50 - NEAR_STEPS, 60 + NEAR_STEPS)
    expected = np.concatenate([np.full(100, OF_HIDERS), np.full(50, OF_OTHERS)]).astype(np.float32)
    expected[near] = OF_NEAR
    assert (idle_weights(days) == expected).all()
