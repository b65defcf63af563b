from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from hal.simulated.figure import body_of
from hal.simulated.render import figure_of
from hal.simulated.scenario.bodies import look_of, views_of
from hal.simulated.scenario.day import HOUR_S, LEAD_S, NIGHT, CameraDay, DayPlan, entering_s
from hal.simulated.scenario.frames import TAIL_S, frames
from hal.simulated.scenario.layouts import shop_layout
from hal.simulated.sight import Occluders, sights

SMALL = DayPlan(6, 1, 1, 1, 1, 1, 1, 1, 1, 1)


@pytest.fixture(scope="module")
def day() -> CameraDay:
    return CameraDay(shop_layout(1), SMALL, seed=5)


def test_the_same_seed_gives_the_same_day(day: CameraDay) -> None:
    again = CameraDay(shop_layout(1), SMALL, seed=5)
    assert again.people == day.people
    assert again.inputs == day.inputs
    assert again.stirs == day.stirs
    assert list(frames(again, 5)) == list(frames(day, 5))


def test_another_seed_gives_another_day(day: CameraDay) -> None:
    assert CameraDay(shop_layout(1), SMALL, seed=6).people != day.people


def test_everybody_planned_comes_while_the_shop_is_open(day: CameraDay) -> None:
    roles = [person.role for person in day.people]
    assert roles.count("shopper") == 6
    assert 2 <= roles.count("family") <= 4
    assert 4 <= roles.count("queue") <= 5
    for person in day.people:
        assert (
            day.plan.opens_h * HOUR_S <= person.itinerary.start_s < person.itinerary.end_s < day.plan.closes_h * HOUR_S
        )


def test_a_burglar_comes_at_night_and_is_heard() -> None:
    night = CameraDay(shop_layout(1), NIGHT, seed=9)
    (burglar,) = night.people
    assert burglar.itinerary.end_s < night.plan.opens_h * HOUR_S
    door = [one for one in night.inputs if one.kind == "door" and one.active]
    assert len(door) == 2
    assert all(burglar.itinerary.start_s < one.t_s < burglar.itinerary.end_s for one in door)


def test_every_member_and_nobody_behind_them_holds_a_card_to_the_reader() -> None:
    morning = CameraDay(shop_layout(2), replace(NIGHT, burglars=0, members=3, tailgaters=2), seed=4)
    roles = [person.role for person in morning.people]
    assert (roles.count("member"), roles.count("tailgater")) == (5, 2)
    grants = [one.t_s for one in morning.inputs if one.kind == "grant"]
    entered = [entering_s(person.itinerary, morning.layout) for person in morning.people if person.role == "member"]
    assert len(grants) == len(entered)
    for grant_s, entered_s in zip(grants, sorted(entered), strict=True):
        assert LEAD_S[0] <= entered_s - grant_s <= LEAD_S[1]


def test_frames_come_in_order_while_somebody_is_there_and_a_little_longer(day: CameraDay) -> None:
    times = [frame.t_s for frame in frames(day, 5)]
    assert times == sorted(set(times))
    busy = [(person.itinerary.start_s, person.itinerary.end_s + TAIL_S + 0.21) for person in day.people]
    busy += [(start_s - 0.11, end_s + TAIL_S + 0.21) for start_s, end_s in day.stirs]
    for t_s in times:
        assert any(start_s <= t_s <= end_s for start_s, end_s in busy)


def test_people_are_listed_from_near_to_far_and_hide_each_other(day: CameraDay) -> None:
    crowded = [frame for frame in frames(day, 5) if len(frame.people) > 2]
    assert crowded
    for frame in crowded:
        depths = [person.depth for person in frame.people]
        assert depths == sorted(depths)
        assert all(0 <= person.share <= 1 for person in frame.people)


def test_boxes_are_those_of_the_rendered_figures(day: CameraDay) -> None:
    """One truth, two outputs: a box from the posed bodies is the box that the picture would have."""
    layout, walls, overlaps = day.layout, Occluders(day.layout), []
    for person in day.people[:8]:
        itinerary = person.itinerary
        times = np.arange(itinerary.start_s + 3, itinerary.end_s - 3, 1.7)
        view = views_of(itinerary, person.look, layout, walls, np.arange(times[0], times[-1] + 0.1, 0.1))
        for t_s in times:
            stance = itinerary.at(float(t_s))
            look = look_of(person.look)
            figure = figure_of(1, look, body_of(stance, look), layout, (stance.x, stance.y))
            (sight,) = sights(layout, [figure])
            row = int(np.argmin(np.abs(view.times - t_s)))
            if sight.box and sight.share > 0.9 and view.share[row] > 0.9:
                overlaps.append(_iou(sight.box, view.boxes[row]))
    assert len(overlaps) > 50
    assert np.median(overlaps) > 0.85
    assert np.quantile(overlaps, 0.05) > 0.6


def _iou(a: Sequence[float], b: Sequence[float]) -> float:
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def test_nobody_waits_where_no_way_leads() -> None:
    """In shop 8001 an island stands in a corner of the queue's zone."""
    people = CameraDay(shop_layout(8001), replace(SMALL, queues=3), seed=8005).people
    assert sum(person.role == "queue" for person in people) >= 12


def test_a_family_keeps_together(day: CameraDay) -> None:
    family = [person.itinerary for person in day.people if person.role == "family"]
    start_s, end_s = max(one.start_s for one in family), min(one.end_s for one in family)
    times = np.linspace(start_s + 5.0, end_s - 5.0, 50)
    ways = np.stack([one.positions(times) for one in family])
    apart_m = np.hypot(*np.moveaxis(ways - ways[0], 2, 0)).max(axis=0)
    assert np.median(apart_m) < 2.0
    assert len(family) >= 2


def test_a_pram_is_pushed_before_somebody_and_may_be_taken_for_a_person() -> None:
    pushing = CameraDay(shop_layout(1), replace(SMALL, prams=1), seed=5)
    boxes = [box for frame in frames(pushing, 5) for box in frame.things]
    assert len(boxes) > 50
    assert all(0.0 <= x1 <= x2 <= 1.0 and 0.0 <= y1 <= y2 <= 1.0 for x1, y1, x2, y2 in boxes)
