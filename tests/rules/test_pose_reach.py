"""Which shelf a hand is in or near, held against the fronts as the camera sees them."""

import pytest

from agent.domain import Point
from agent.geometry import distance_to
from agent.rules.pose_reach import Fronts

ASPECT = 2.0
UPPER = [Point(0.2, 0.1), Point(0.4, 0.1), Point(0.4, 0.3), Point(0.2, 0.3)]
LOWER = [Point(0.2, 0.6), Point(0.4, 0.6), Point(0.4, 0.8), Point(0.2, 0.8)]


@pytest.mark.parametrize(
    ("tip", "reach", "front"),
    [
        (Point(0.3, 0.2), 0.0, 0),
        (Point(0.3, 0.7), 0.0, 1),
        (Point(0.45, 0.2), 0.05, None),
        (Point(0.45, 0.2), 0.11, 0),
        (Point(0.3, 0.34), 0.05, 0),
        (Point(0.3, 0.55), 0.5, 1),
        (Point(0.3, 0.40), 0.5, 0),
        (None, 9.0, None),
    ],
)
def test_a_hand_is_in_the_front_that_holds_it_or_near_the_nearest(
    tip: Point | None, reach: float, front: int | None
) -> None:
    """Across, 0.05 of a picture twice as wide as high are 0.1 frame heights."""
    assert Fronts([UPPER, LOWER]).near(tip, ASPECT, reach) == front


def test_without_shelves_nothing_is_near() -> None:
    assert Fronts([]).near(Point(0.5, 0.5), ASPECT, 1.0) is None


@pytest.mark.parametrize(
    ("point", "distance"), [(Point(0.5, 0.2), 0.2), (Point(1.3, 0.4), 0.5), (Point(-1.0, 0.0), 1.0), (Point(1, 0), 0.0)]
)
def test_distance_to_a_stretch_of_line(point: Point, distance: float) -> None:
    assert distance_to(point, Point(0.0, 0.0), Point(1.0, 0.0)) == pytest.approx(distance)
    assert distance_to(point, Point(1.0, 0.0), Point(0.0, 0.0)) == pytest.approx(distance)
