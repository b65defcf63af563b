"""Days for the score of `concealment` to learn from: made at once for many people, the same as look by look."""

import numpy as np
import pytest

from agent.domain import Keypoint, Pose
from agent.rules.pose_numbers import COLUMN
from agent.rules.pose_score import course_of
from agent.rules.poses import Body, body_of
from agent.vision.pose_steady import SteadyPose
from hal.simulated.scenario.layouts import shop_layout
from hal.simulated.scenario.pose_day import PoseDay, PosePlan
from models.train.hands.crowd import Looks, rows_of, steadied
from models.train.hands.days import fronts_of, looks_of, reached

DAY = PoseDay(shop_layout(7), PosePlan(shoppers=2, hiders=2, sitters=1), 7)
ASPECT = DAY.layout.optics.aspect
PEOPLE = [looks for visit in DAY.visits for looks in looks_of(DAY, visit, visit.id)]


def one_by_one(looks: Looks) -> list[Body]:
    """What the agent itself makes of the looks."""
    steady = SteadyPose(1.0)
    found = []
    for t_s, xy, seen in zip(looks.t_s.tolist(), looks.xy.tolist(), looks.seen.tolist(), strict=True):
        points = tuple(Keypoint(x, y, confidence) for (x, y), confidence in zip(xy, seen, strict=True))
        found.append(body_of(steady.update(Pose(t_s, points)), 1.0))
    return found


def test_people_side_by_side_are_remembered_as_one_by_one() -> None:
    fronts = fronts_of(DAY)
    hands = []
    for looks, steady in zip(PEOPLE, steadied(PEOPLE), strict=True):
        bodies = one_by_one(looks)
        assert steady.seen == pytest.approx(np.array([body.seen for body in bodies]))
        rows = course_of(bodies, lambda body: fronts.reached(body, ASPECT)).rows
        assert rows_of(steady, reached(steady, fronts, ASPECT)) == pytest.approx(rows, abs=1e-5)
        hands.append(rows[:, COLUMN["in_shelf"]].max())
    assert max(hands) == 1.0, "somebody reaches into a shelf"


def test_left_and_right_are_put_straight_for_each_by_themselves() -> None:
    looks = PEOPLE[0]
    still = Looks(np.arange(6) / 5, np.repeat(looks.xy[:1], 6, 0), np.full((6, 17), 0.9))
    swapped = still._replace(xy=still.xy.copy())
    swapped.xy[3] = still.xy[3][[0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15]]
    plain, straight = steadied([still, swapped])
    assert straight.xy[3, 5:] == pytest.approx(plain.xy[3, 5:], abs=1e-3)
