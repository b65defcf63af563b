"""What every sense promises, for the sense of poses: it adds its own finding, keeps to its budget, and never fails."""

import math

import numpy as np
import pytest

from agent.domain import Box, Joint, Keypoint, Point, Pose, Track
from agent.rules.senses import NOTHING, Senses
from agent.vision.pose_budget import PoseBudget
from agent.vision.pose_watch import FOLLOW_S, UNSEEN_S, Estimator, PoseNeed, PoseWatcher
from hal.errors import AcceleratorLost, ModelUnreadable
from hal.ports import Frame, Yuv420

DARK = Yuv420(*(np.zeros((2, 2), np.uint8),) * 3)
SHELF = (Point(0.8, 0.2), Point(1.0, 0.2), Point(1.0, 0.8), Point(0.8, 0.8))


class Standing:
    """Finds somebody in every box; `lost_after` looks its accelerator is gone."""

    def __init__(self, confidence: float = 0.8, lost_after: int = 10**9) -> None:
        self.looks = 0
        self._confidence, self._lost_after = confidence, lost_after

    def estimate(self, frame: Frame, box: Box) -> Pose | None:
        self.looks += 1
        if self.looks > self._lost_after:
            raise AcceleratorLost("unplugged")
        return Pose(frame.t_s, tuple(Keypoint(box.foot.x, box.y1, self._confidence) for _ in Joint))


def person(number: int, x: float, *, confirmed: bool = True, last_seen_s: float | None = None) -> Track:
    """Somebody in sight; with `last_seen_s`, only predicted since then."""
    box, seen = Box(x - 0.05, 0.3, x + 0.05, 0.7), last_seen_s is None
    return Track(
        number, 0.0, box, 0.9, confirmed, seen, True, 0.4, 0.0, math.inf if last_seen_s is None else last_seen_s
    )


def watcher(
    model: Estimator, *, everybody: bool = True, people: int = 2, reopen: Estimator | None = None
) -> PoseWatcher:
    need = PoseNeed(everybody, (SHELF,))
    again = None if reopen is None else lambda: reopen
    return PoseWatcher(model, need, PoseBudget(people, 5.0), 16 / 9, min_score=0.25, reopen=again)


def looked_at(watch: PoseWatcher, t_s: float, *tracks: Track) -> set[int] | None:
    found = watch.look(Frame(0, t_s, DARK, DARK), tracks, NOTHING).pose
    return None if found is None else set(found)


def test_it_adds_to_what_others_found() -> None:
    before = Senses(blind="covered")
    found = watcher(Standing()).look(Frame(0, 1.0, DARK, DARK), [person(1, 0.5)], before)
    assert found.blind == "covered"
    assert found.pose is not None
    assert found.pose[1].t_s == 1.0
    assert len(found.pose[1].points) == len(Joint)


def test_only_confirmed_people_in_sight_are_looked_at() -> None:
    model = Standing()
    tracks = [person(1, 0.5), person(2, 0.5, confirmed=False), person(3, 0.5, last_seen_s=9.0 - UNSEEN_S)]
    assert looked_at(watcher(model), 10.0, *tracks) == {1}
    assert model.looks == 1


def test_whom_the_detector_misses_for_a_moment_is_looked_at_where_they_must_be() -> None:
    assert looked_at(watcher(Standing()), 10.0, person(3, 0.5, last_seen_s=10.0 - UNSEEN_S / 2)) == {3}


def test_who_is_behind_somebody_seen_is_not_looked_at() -> None:
    behind = person(3, 0.52, last_seen_s=10.0 - UNSEEN_S / 2)
    assert looked_at(watcher(Standing()), 10.0, person(1, 0.5), behind) == {1}
    assert looked_at(watcher(Standing()), 10.0, person(1, 0.7), behind) == {1, 3}


def test_the_budget_bounds_the_looks() -> None:
    model = Standing()
    watch = watcher(model, people=2)
    for frame in range(150):
        looked_at(watch, frame / 15, *(person(number, 0.5) for number in range(8)))
    assert model.looks <= 10 * 2 * 5 + 3


def test_for_shelves_only_those_near_one_are_looked_at_and_for_a_while_after() -> None:
    watch = watcher(Standing(), everybody=False)
    assert looked_at(watch, 0.0, person(1, 0.2)) == set()
    assert looked_at(watch, 1.0, person(1, 0.78)) == {1}
    assert looked_at(watch, 2.0, person(1, 0.2)) == {1}, "the hand may go to the pocket on the way"
    assert looked_at(watch, 2.0 + FOLLOW_S, person(1, 0.2)) == set()


def test_candidates_are_looked_at_wherever_they_are() -> None:
    watch = watcher(Standing(), everybody=False)
    watch.urgent = lambda: frozenset({5})
    assert looked_at(watch, 0.0, person(5, 0.1), person(6, 0.1)) == {5}


def test_a_pose_that_says_nothing_is_left_out() -> None:
    assert looked_at(watcher(Standing(confidence=0.1)), 0.0, person(1, 0.5)) == set()


def test_a_lost_accelerator_is_replaced_once(caplog: pytest.LogCaptureFixture) -> None:
    watch = watcher(Standing(lost_after=1), reopen=Standing())
    assert looked_at(watch, 0.0, person(1, 0.5)) == {1}
    assert looked_at(watch, 1.0, person(1, 0.5)) == {1}, "the same frame is looked at by the other"
    assert "unplugged" in caplog.text


@pytest.mark.parametrize("reopen", [None, Standing(lost_after=0)])
def test_with_nothing_left_there_are_no_poses_and_a_reason(reopen: Standing | None) -> None:
    watch = watcher(Standing(lost_after=0), reopen=reopen)
    assert looked_at(watch, 0.0, person(1, 0.5)) is None
    assert looked_at(watch, 1.0, person(1, 0.5)) is None
    assert "unplugged" in watch.reason


def test_a_model_that_cannot_be_opened_again_is_the_reason() -> None:
    def refuse() -> Estimator:
        raise ModelUnreadable("no CPU variant")

    watch = PoseWatcher(
        Standing(lost_after=0), PoseNeed(everybody=True), PoseBudget(2, 5.0), 16 / 9, min_score=0.25, reopen=refuse
    )
    assert looked_at(watch, 0.0, person(1, 0.5)) is None
    assert "no CPU variant" in watch.reason
