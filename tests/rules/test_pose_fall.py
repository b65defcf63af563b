"""`fall`: somebody goes down fast and stays lying; crouches, sitting and bending are none."""

import pytest

from agent.domain import Severity
from hal.simulated.scenario.actor import ActScript
from hal.simulated.scenario.acts import low_shelf, put_back
from hal.simulated.scenario.idle_acts import bend_down, browse, scratch, sit, tie_shoe
from hal.simulated.scenario.pose_noise import PoseNoise
from hal.simulated.scenario.rare_acts import fall_over, slide_down
from tests.rules.acting import PERSON, PoseStage, poses_of, renumbered, visit_of

FALL = '[[rule]]\nkind = "fall"\n'


@pytest.mark.parametrize("seed", [1, 2, 4])
def test_a_fall_is_told_once_after_some_seconds_of_lying(seed: int) -> None:
    visit = visit_of([browse, fall_over], seed)
    (down,) = visit.spans("lie")
    (incident,) = PoseStage(FALL).play(poses_of(visit)).opened()
    assert incident.kind == "fall"
    assert incident.tracks == (PERSON,)
    assert incident.severity == Severity.CRITICAL
    assert 3.5 <= incident.t_s - down[0] <= 8.0, "five seconds of lying, from about when the torso is down"
    factors = incident.factors
    assert float(str(factors["tilt_deg"])) >= 60
    assert float(str(factors["lying_s"])) >= 5


@pytest.mark.parametrize("script", [low_shelf, sit, tie_shoe, bend_down, scratch, put_back])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_other_ways_down_are_no_falls(script: ActScript, seed: int) -> None:
    frames = poses_of(visit_of([script, script], seed, turned_deg=40.0 * seed))
    assert PoseStage(FALL).play(frames).opened() == []


def test_noise_dropouts_and_swaps_hide_no_fall_and_make_none() -> None:
    noise = PoseNoise(jitter=0.012, dropout=0.08, swaps=0.05, fps=6.0)
    assert len(PoseStage(FALL).play(poses_of(visit_of([fall_over], 1), 6.0, noise)).opened()) == 1
    assert PoseStage(FALL).play(poses_of(visit_of([low_shelf, browse], 1), 6.0, noise)).opened() == []


def test_a_slow_slide_is_a_fall() -> None:
    assert len(PoseStage(FALL).play(poses_of(visit_of([slide_down], 1))).opened()) == 1


def test_a_fall_that_breaks_the_track_is_still_one() -> None:
    visit = visit_of([fall_over], 1)
    (down,) = visit.spans("fall")
    frames = list(renumbered(poses_of(visit), down[1], 99))
    (incident,) = PoseStage(FALL).play(frames).opened()
    assert incident.tracks == (99,)


def test_getting_up_again_soon_is_no_fall() -> None:
    visit = visit_of([fall_over], 1)
    (down,) = visit.spans("lie")
    frames = [frame for frame in poses_of(visit) if frame[0].t_s <= down[0] + 3.0]
    assert PoseStage(FALL).play(frames).opened() == []


def test_people_without_poses_make_no_falls() -> None:
    frames = [(track, None) for track, _ in poses_of(visit_of([fall_over], 1))]
    assert PoseStage(FALL).play(frames).opened() == []


def test_without_the_sense_the_rule_says_that_it_is_unavailable() -> None:
    stage = PoseStage(FALL, senses=()).play(poses_of(visit_of([fall_over], 1)))
    told = [event for found in stage.found for event in found.events if event.kind == "rule_unavailable"]
    assert [event.data for event in told] == [{"rule": "fall-everywhere", "needs": ["pose"]}]
    assert stage.opened() == []
