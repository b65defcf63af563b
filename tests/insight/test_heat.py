"""The heat map: fades, blank where few stood, frozen between periods, and a picture that can be opened."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.config import parse_config
from agent.domain import Point
from agent.insight.heat import COLUMNS, ROWS, HeatMap
from agent.insight.picture import FOOT_PX, WIDTH, heat_png

HOUR_S = 3600.0
CENTRE = (ROWS // 2, COLUMNS // 2)


def warmed(people: int, seconds: float = 10.0) -> HeatMap:
    heat = HeatMap(HOUR_S)
    for track in range(people):
        heat.stand([(track, Point(0.5, 0.5))], seconds)
    return heat


def test_a_place_where_few_stood_stays_blank() -> None:
    for people, blank in ((4, True), (5, False)):
        heat = warmed(people)
        heat.close(0.0)
        assert (heat.shown(5)[CENTRE] == 0) is np.bool_(blank)
        assert heat.shown(5).sum() == pytest.approx(0 if blank else 50.0)


def test_one_person_who_stands_for_long_is_not_many() -> None:
    heat = HeatMap(HOUR_S)
    for _ in range(100):
        heat.stand([(1, Point(0.5, 0.5))], 10.0)
    heat.close(0.0)
    assert heat.shown(2).sum() == 0


def test_between_periods_nothing_changes_in_what_is_shown() -> None:
    heat = warmed(9)
    assert heat.shown(5).sum() == 0
    heat.close(0.0)
    before = heat.shown(5)
    heat.stand([(track, Point(0.1, 0.1)) for track in range(20, 40)], 5.0)
    assert np.array_equal(heat.shown(5), before)


def test_it_fades_by_half_in_its_half_life() -> None:
    heat = warmed(20)
    heat.close(HOUR_S)
    assert heat.shown(5)[CENTRE] == pytest.approx(100.0)
    heat.close(HOUR_S)
    assert heat.shown(5)[CENTRE] == pytest.approx(50.0)
    heat.close(HOUR_S)
    assert heat.shown(5).sum() == 0, "the people fade too: few are left"


@settings(deadline=None)
@given(st.floats(-10, 10), st.floats(-10, 10))
def test_any_place_is_a_cell(x: float, y: float) -> None:
    heat = HeatMap(HOUR_S)
    heat.stand([(track, Point(x, y)) for track in range(5)], 1.0)
    heat.close(0.0)
    assert heat.shown(5).sum() == pytest.approx(5.0)


def test_it_outlives_a_restart_and_fades_meanwhile() -> None:
    heat = warmed(20)
    heat.close(0.0)
    again = HeatMap(HOUR_S)
    again.restore(heat.snapshot(), HOUR_S)
    assert again.shown(5)[CENTRE] == pytest.approx(100.0)
    for damaged in (b"", b"\x00", heat.snapshot()[:-5]):
        with pytest.raises(ValueError, match=r"not a heat map|cannot reshape"):
            again.restore(damaged, 0.0)


def test_the_picture_is_warm_where_people_stood_and_plain_elsewhere() -> None:
    config = parse_config(
        """
        [[zone]]
        name = "spirits"
        polygon = [[0.3, 0.3], [0.7, 0.3], [0.7, 0.7], [0.3, 0.7]]
        [[line]]
        name = "door"
        points = [[0, 0.9], [1, 0.9]]
        """
    )
    heat = warmed(20)
    heat.close(0.0)
    picture = cv2.imdecode(np.frombuffer(heat_png(heat.shown(5), config, "test"), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (540 + FOOT_PX, WIDTH, 3)
    x, y = round((CENTRE[1] + 0.5) / COLUMNS * WIDTH), round((CENTRE[0] + 0.5) / ROWS * 540)
    blue, _, red = (int(value) for value in picture[y, x])
    assert red > blue
    assert picture[100, 100].min() > 240
    blank = cv2.imdecode(np.frombuffer(heat_png(heat.shown(100), config, "test"), np.uint8), cv2.IMREAD_COLOR)
    assert blank is not None
    assert blank[y, x].min() > 240
