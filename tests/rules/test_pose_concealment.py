"""`concealment` and `tag_tampering`: what hands do after a reach, as a number with its factors."""

from collections.abc import Iterable, Iterator, Mapping
from math import log

import pytest

from agent.config import parse_config
from agent.domain import Box, Point, Pose, Severity, Track
from agent.errors import ConfigError
from agent.rules.changes import ChangeKind, Changes, ShelfStep
from agent.rules.pose_concealment import AROUND_S
from agent.rules.pose_memory import DELAY_S
from agent.rules.pose_reach import Fronts
from agent.rules.pose_score import WEIGHTS, ConcealmentScore
from agent.rules.poses import LEFT, RIGHT, body_of
from hal.simulated.scenario.actor import ActScript
from hal.simulated.scenario.acts import low_shelf, put_back, touch_and_leave
from hal.simulated.scenario.idle_acts import browse, scratch, trolley
from hal.simulated.scenario.pose_day import shelf_polygons
from hal.simulated.scenario.pose_noise import MIRRORED
from hal.simulated.scenario.posed import Visit
from hal.simulated.scenario.rare_acts import hide_in_bag, hide_in_pocket, hide_under_jacket, tamper
from tests.rules.acting import ASPECT, LAYOUT, PERSON, PoseStage, poses_of, renumbered, visit_of

TWICE = (put_back, touch_and_leave)
TURNED_DEG = 40.0
"""So far turned that the camera sees the hands."""


def concealment(threshold: float) -> str:
    return f'[[rule]]\nkind = "concealment"\nthreshold = {threshold}\n'


def highest(script: ActScript, seed: int) -> float:
    score, found = ConcealmentScore(), 0.0
    for _, pose in poses_of(visit_of([script], seed, turned_deg=TURNED_DEG)):
        score.update(body_of(pose, ASPECT))
        found = max(found, score.score)
    return found


@pytest.mark.parametrize("script", [hide_under_jacket, hide_in_pocket, hide_in_bag])
def test_hiding_scores_above_idle_hands(script: ActScript) -> None:
    hiding = sorted(highest(script, seed) for seed in range(1, 6))[2]
    idle = [highest(other, seed) for other in (browse, scratch, trolley) for seed in range(1, 4)]
    assert hiding > max(idle)


def test_a_reach_and_a_hand_under_the_jacket_are_an_incident_with_its_factors() -> None:
    stage = PoseStage(concealment(0.3)).play(poses_of(visit_of([hide_under_jacket], 5, turned_deg=TURNED_DEG)))
    (incident,) = stage.opened()
    assert incident.kind == "concealment"
    assert incident.tracks == (PERSON,)
    assert incident.severity == Severity.WARNING
    assert incident.zone is not None, "the shelf that was reached into"
    factors = incident.factors
    assert float(str(factors["score"])) >= 0.3
    assert int(str(factors["reach_frames"])) >= 3
    assert int(str(factors["body_frames"])) >= 4
    weighted = {name: float(str(value["log_odds"])) for name, value in factors.items() if isinstance(value, Mapping)}
    assert {"usual", "hand", "hand_seen", "afterwards"} <= weighted.keys()
    score = float(str(factors["score"]))
    assert sum(weighted.values()) == pytest.approx(log(score / (1 - score)), abs=0.1), "the factors make the score"


@pytest.mark.parametrize("script", [browse, trolley])
def test_without_a_reach_there_is_no_incident_however_low_the_threshold(script: ActScript) -> None:
    stage = PoseStage(concealment(0.01)).play(poses_of(visit_of([script], 2, turned_deg=TURNED_DEG)))
    assert stage.opened() == []


def judged_s(visit: Visit) -> float:
    """When the incident of a visit opens."""
    (incident,) = PoseStage(concealment(0.3)).play(poses_of(visit)).opened()
    return incident.opened_s


def lost_before(visit: Visit, at_s: float, born_early_s: float = 0.0) -> list[tuple[Track, Pose]]:
    """The tracker loses the person for the half second before and then follows them under another number."""
    found = []
    for track, pose in renumbered(poses_of(visit), at_s, PERSON + 1):
        if not at_s - 0.5 <= track.t_s < at_s:
            found.append((track._replace(born_s=track.born_s - born_early_s), pose))
    return found


def test_whose_track_is_lost_before_they_are_judged_is_judged_under_the_next() -> None:
    visit = visit_of([hide_under_jacket], 5, turned_deg=TURNED_DEG)
    (incident,) = PoseStage(concealment(0.3)).play(lost_before(visit, judged_s(visit))).opened()
    assert incident.tracks == (PERSON + 1,)


def test_whose_track_is_lost_while_the_incident_is_open_has_no_second_one() -> None:
    visit = visit_of([hide_under_jacket], 5, turned_deg=TURNED_DEG)
    (incident,) = PoseStage(concealment(0.3)).play(lost_before(visit, judged_s(visit) + 0.6)).opened()
    assert incident.tracks == (PERSON,)


def test_who_was_there_beside_somebody_is_not_taken_for_them() -> None:
    visit = visit_of([hide_under_jacket], 5, turned_deg=TURNED_DEG)
    beside = lost_before(visit, judged_s(visit), born_early_s=2.0)
    assert PoseStage(concealment(0.3)).play(beside).opened() == []


def swapped(frames: Iterable[tuple[Track, Pose]], from_s: float) -> Iterator[tuple[Track, Pose]]:
    """A pose model that takes left for right from a moment on."""
    for track, pose in frames:
        points = [pose.points[joint] for joint in MIRRORED]
        yield track, Pose(pose.t_s, tuple(points)) if track.t_s >= from_s else pose


def test_the_foremost_hand_is_judged_whichever_went_to_the_body() -> None:
    fronts = Fronts([[Point(*corner) for corner in front] for front in shelf_polygons(LAYOUT).values()])
    visit = visit_of([hide_in_bag], 3, turned_deg=TURNED_DEG)
    ((start_s, _),) = visit.spans("hide")
    stage, person, judged = PoseStage(concealment(0.01) + "hold_s = 0\n"), ConcealmentScore(), 0
    for track, pose in swapped(poses_of(visit), start_s + 0.8):
        body = body_of(pose, ASPECT)
        person.update(body, fronts.reached(body, ASPECT))
        for hit in stage.play([(track, pose)]).found[-1].hits:
            judged += 1
            assert hit.factors["score"] == pytest.approx(person.score, abs=1e-3)
    assert judged


def test_the_threshold_is_what_decides() -> None:
    visit = visit_of([hide_in_pocket], 2, turned_deg=TURNED_DEG)
    low, high = (PoseStage(concealment(threshold)).play(poses_of(visit)).opened() for threshold in (0.1, 0.95))
    assert len(low) == 1
    assert high == []


def test_a_shelf_that_lost_something_counts() -> None:
    visit = visit_of([hide_under_jacket], 5, turned_deg=TURNED_DEG)
    (seen,) = PoseStage(concealment(0.3)).play(poses_of(visit)).opened()
    emptied = ShelfStep("island", ChangeKind.REMOVED, 0.1, Box(0.0, 0.0, 1.0, 1.0), 100.0, 200.0)
    changes = Changes(200.0, True, ASPECT, steps=(emptied,))
    (lost,) = PoseStage(concealment(0.3)).play(poses_of(visit), changes).opened()
    assert lost.opened_s <= seen.opened_s
    factor = lost.factors["shelf_lost"]
    assert isinstance(factor, Mapping)
    assert factor["log_odds"] == WEIGHTS["shelf_lost"] > 0.0
    assert "shelf_lost" not in seen.factors


def test_who_was_in_the_shelf_twice_may_have_put_it_back_where_it_is_known_to_have_lost_nothing() -> None:
    whole = Changes(200.0, True, ASPECT)
    visits = [visit_of([first, hide_in_pocket], seed, turned_deg=TURNED_DEG) for first in TWICE for seed in (1, 4, 5)]
    watched, unwatched = (
        [
            incident.factors.get("put_back")
            for visit in visits
            for incident in PoseStage(concealment(0.01)).play(poses_of(visit), changes).opened()
        ]
        for changes in (whole, None)
    )
    assert {"value": 1.0, "weight": -1.5, "log_odds": WEIGHTS["put_back"]} in watched
    assert set(unwatched) == {None}


def test_a_candidate_reaches_the_view_of_other_rules() -> None:
    stage = PoseStage(concealment(0.3))
    seen: set[int] = set()
    for frame in poses_of(visit_of([hide_under_jacket], 3, turned_deg=TURNED_DEG)):
        stage.play([frame])
        seen |= stage.engine.concealing
    assert seen == {PERSON}
    idle = PoseStage(concealment(0.3)).play(poses_of(visit_of([browse], 2)))
    assert idle.engine.concealing == frozenset()


def test_turned_heads_alone_add_next_to_nothing() -> None:
    assert 0.0 < WEIGHTS["head_turns"] <= 0.2
    score = ConcealmentScore()
    for _, pose in poses_of(visit_of([browse, browse], 3, turned_deg=TURNED_DEG)):
        score.update(body_of(pose, ASPECT))
        assert score.hands is not None
        for hand, turned in zip((score.hands.left, score.hands.right), score.turned, strict=True):
            assert turned <= hand.at_body


@pytest.mark.parametrize("script", [hide_in_bag, low_shelf, touch_and_leave])
def test_the_factors_add_up_to_the_score(script: ActScript) -> None:
    score = ConcealmentScore()
    for _, pose in poses_of(visit_of([script], 4)):
        score.update(body_of(pose, ASPECT))
    for side in (LEFT, RIGHT):
        for known in ({}, {"shelf_lost": 1.0}, {"put_back": 0.5}):
            factors = score.factors(side, known)
            found = [float(str(value["log_odds"])) for value in factors.values() if isinstance(value, Mapping)]
            assert sum(found) == pytest.approx(score.logit_of(side, known), abs=0.15)
    assert score.score == max(map(score.score_of, (LEFT, RIGHT)))


def test_without_a_torso_nothing_is_found() -> None:
    score = ConcealmentScore()
    *_, (_, pose) = poses_of(visit_of([hide_under_jacket], 3, turned_deg=TURNED_DEG))
    blank = tuple(point._replace(confidence=0.0) for point in pose.points)
    for later in range(1, 40):
        score.update(body_of(Pose(pose.t_s + later / 4, blank), ASPECT))
        assert score.score < 0.05
    assert score.hands is None


def test_it_speaks_after_the_moment_it_speaks_of() -> None:
    visit = visit_of([hide_under_jacket], 5, turned_deg=TURNED_DEG)
    ((start_s, end_s),) = visit.spans("hide")
    (incident,) = PoseStage(concealment(0.3)).play(poses_of(visit)).opened()
    assert start_s + DELAY_S - AROUND_S <= incident.opened_s <= end_s + DELAY_S + AROUND_S


def test_both_hands_at_work_for_long_are_for_review_only() -> None:
    stage = PoseStage('[[rule]]\nkind = "tag_tampering"\n')
    (incident,) = stage.play(poses_of(visit_of([tamper], 2, turned_deg=TURNED_DEG))).opened()
    assert incident.severity == Severity.INFO
    assert incident.actions == ()
    assert float(str(incident.factors["working_s"])) >= 8.0


@pytest.mark.parametrize("script", [browse, trolley, hide_under_jacket, touch_and_leave])
def test_short_work_is_no_tampering(script: ActScript) -> None:
    stage = PoseStage('[[rule]]\nkind = "tag_tampering"\n')
    assert stage.play(poses_of(visit_of([script], 2, turned_deg=TURNED_DEG))).opened() == []


@pytest.mark.parametrize("wrong", ['severity = "warning"', 'actions = ["strobe"]'])
def test_tampering_can_neither_be_raised_nor_act(wrong: str) -> None:
    text = f'[[output]]\nname = "strobe"\npin = 17\n[[rule]]\nkind = "tag_tampering"\n{wrong}\n'
    with pytest.raises(ConfigError, match="review only"):
        parse_config(text)


def test_only_shelves_can_be_reached_into() -> None:
    zone = '[[zone]]\nname = "till"\nkind = "checkout"\npolygon = [[0,0],[1,0],[1,1]]\n'
    with pytest.raises(ConfigError, match="shelf"):
        parse_config(f'{zone}[[rule]]\nkind = "concealment"\nshelves = ["till"]\n')
