"""Feet hidden by furniture: where people truly stand is told by their head, once the floor is known."""

from random import Random

import pytest

from agent.domain import Track
from agent.rules.footing import Footing
from agent.rules.ground import Ground
from tests.rules.stage import ASPECT, Stage
from tests.rules.test_ground import crowd, seen


def footing() -> Footing:
    ground = Ground()
    for look in crowd():
        ground.learn(look.box.y2, look.height)
    return Footing(ground, ASPECT)


def behind_counter(track: Track, hidden: float) -> Track:
    """The same person without the lowest part of the box."""
    box = track.box
    foot_y = box.y2 - hidden * box.height
    return track._replace(box=box._replace(y2=foot_y), height=foot_y - box.y1)


def as_tall(track: Track, size: float) -> Track:
    """The same person, taller or shorter."""
    top = track.box.y2 - size * track.height
    return track._replace(box=track.box._replace(y1=top), height=size * track.height)


def walk_in(feet: Footing, distance_h: float, size: float = 1.0) -> None:
    for index in range(10):
        look = seen(distance_h, 0.0, 1, index / 10)
        whole = as_tall(look, size)
        assert feet.update(index / 10, [whole]) == [whole]


@pytest.mark.parametrize("hidden", [0.45, 0.55])
def test_hidden_feet_are_found_by_the_head_and_count_as_unseen(hidden: float) -> None:
    feet = footing()
    walk_in(feet, 3.0)
    there = seen(3.0, 0.0, 1, 1.0)
    (track,) = feet.update(1.0, [behind_counter(there, hidden)])
    assert track.foot.y == pytest.approx(there.foot.y, abs=0.25 * there.height)
    assert abs(track.foot.y - there.foot.y) < abs(there.foot.y - hidden * there.height - there.foot.y)
    assert not track.foot_seen


def test_who_is_small_is_not_taken_for_cut() -> None:
    feet = footing()
    walk_in(feet, 3.0, size=0.6)


def test_who_crouches_keeps_their_feet() -> None:
    feet = footing()
    walk_in(feet, 3.0)
    there = seen(3.0, 0.0, 1, 1.0)
    box = there.box._replace(y1=there.box.y1 + 0.4 * there.height)
    crouching = there._replace(box=box, height=box.height)
    assert feet.update(1.0, [crouching]) == [crouching]


@pytest.mark.parametrize("size", [0.8, 1.0, 1.2])
def test_a_floor_fitted_anew_while_somebody_is_there_leaves_their_feet_where_they_are_seen(size: float) -> None:
    """At first only small people were seen, then many grown ones; of a box that is a bit short nothing is missing."""
    ground = Ground()
    for look in crowd():
        ground.learn(look.box.y2, 0.7 * look.height)
    feet, fits = Footing(ground, ASPECT), ground.fits
    walk_in(feet, 3.0, size)
    before = ground.height(0.8)
    while ground.fits < fits + 2:
        for look in crowd():
            ground.learn(look.box.y2, look.height)
    after = ground.height(0.8)
    assert before is not None
    assert after is not None
    assert after > 1.2 * before, "the floor must have become another one for this to tell anything"
    short = behind_counter(as_tall(seen(3.0, 0.0, 1, 1.0), size), 0.04)
    assert feet.update(1.0, [short]) == [short]
    assert not feet.guessed


def test_before_the_floor_is_known_boxes_stay_as_they_are() -> None:
    feet = Footing(Ground(), ASPECT)
    there = behind_counter(seen(3.0, 0.0, 1, 0.0), 0.5)
    assert feet.update(0.0, [there]) == [there]


def test_losing_the_legs_behind_a_shelf_is_no_running() -> None:
    stage = Stage('[[rule]]\nkind = "running"\n')
    start_s = 0.0
    for number in range(1, 60):
        stage.play([seen(2.5 + 0.7 * i / 10, (number % 5 - 2) / 2, number, start_s + i / 10) for i in range(50)])
        start_s += 8.0
    walker = [seen(2.5 + 0.6 * i / 10, 0.0, 99, start_s + i / 10) for i in range(30)]
    stage.play([behind_counter(track, min(max(i - 10, 0) * 0.1, 0.5)) for i, track in enumerate(walker)])
    assert not stage.opened()


@pytest.mark.parametrize(("speed", "lost", "found"), [(0.9, 0.2, 0), (1.1, 0.2, 0), (2.0, 0.0, 1)])
def test_whose_feet_alone_are_fast_does_not_run(speed: float, lost: float, found: int) -> None:
    stage, chance = Stage('[[rule]]\nkind = "running"\n'), Random(1)
    for number in range(60):
        size, side = chance.gauss(1, 0.07), (number % 5 - 2) / 2
        stage.play([as_tall(seen(2.5 + 0.08 * i, side, number, 8.0 * number + i / 10), size) for i in range(50)])
    walker = [seen(3.5 + speed * i / 10, 0.0, 99, 500.0 + i / 10) for i in range(20)]
    stage.play([behind_counter(track, lost * min(max(i - 5, 0) / 10, 1.0)) for i, track in enumerate(walker)])
    assert len(stage.opened()) == found


@pytest.mark.parametrize(("speed", "found"), [(2.2, 1), (1.0, 0)])
def test_who_runs_behind_a_counter_is_found_and_who_walks_there_is_not(speed: float, found: int) -> None:
    stage = Stage('[[rule]]\nkind = "running"\n')
    for number in range(60):
        stage.play([seen(2.5 + 0.08 * i, (number % 5 - 2) / 2, number, 8.0 * number + i / 10) for i in range(50)])
    start_s = 500.0
    way = [seen(3.5, speed * (i / 10 - 1.2), 99, start_s + i / 10) for i in range(25)]
    stage.play([behind_counter(t, 0.45) if 7 < i < 18 else t for i, t in enumerate(way)])
    assert len(stage.opened()) == found
