"""Coming back again and again: what a visit is, who may be the same person, and that a restart forgets nothing."""

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.domain import Track
from agent.rules.continuity import Continuity
from agent.rules.senses import Senses
from tests.rules.stage import Stage, seen_badly
from tests.rules.walks import walk

RULES = """
[[zone]]
name = "spirits"
kind = "high_value"
polygon = [[0.4, 0], [0.7, 0], [0.7, 1], [0.4, 1]]
[[rule]]
kind = "revisit"
zone = "spirits"
"""
INSIDE, OUTSIDE = 0.55, 0.15


def visits(*stays: tuple[float, float], track: int = 1, until_s: float = 0.0, start_s: float = 0.0) -> list[Track]:
    """Somebody who is inside during the stays and waits outside in between."""
    corners = [(start_s, OUTSIDE)]
    for enter_s, leave_s in stays:
        corners += [(enter_s - 0.5, OUTSIDE), (enter_s, INSIDE), (leave_s - 0.5, INSIDE), (leave_s, OUTSIDE)]
    corners.append((max(until_s, corners[-1][0] + 1), OUTSIDE))
    steps = [corner for corner, later in pairwise([*corners, (1e9, 0.0)]) if corner[0] < later[0]]
    return list(walk([(t_s, x, 0.5) for t_s, x in steps], 5.0, track))


def test_the_third_visit_is_reported_while_the_person_is_there() -> None:
    stage = Stage(RULES).play(visits((10, 20), (50, 60), (90, 100), until_s=140))
    (incident,) = stage.opened()
    assert incident.t_s == pytest.approx(95, abs=0.6)
    expected = {"visits": 3, "min_visits": 3, "span_s": pytest.approx(75, abs=1), "possible_same": False}
    assert incident.factors == expected
    assert stage.closed()[0].t_s == pytest.approx(120, abs=1)


@pytest.mark.parametrize(
    "stays",
    [
        pytest.param([(10, 20), (50, 60)], id="two"),
        pytest.param([(10, 20), (50, 60), (90, 93)], id="third too short"),
        pytest.param([(10, 20), (30, 40), (50, 60), (70, 80)], id="not out for long enough"),
        pytest.param([(10, 20), (600, 610), (1300, 1310)], id="not within twenty minutes"),
    ],
)
def test_what_is_not_three_visits(stays: list[tuple[float, float]]) -> None:
    assert not Stage(RULES).play(visits(*stays)).opened()


def test_three_people_once_each_are_nobody_coming_back() -> None:
    tracks = [t for i in range(3) for t in visits((10 + 40 * i, 20 + 40 * i), track=i + 1)]
    assert not Stage(RULES).play(tracks).opened()


def test_a_link_lets_two_tracks_count_together_and_says_so() -> None:
    stage = Stage(RULES).play(visits((10, 20), (50, 60)))
    stage.engine.link(7, 1)
    (incident,) = stage.play(visits((100, 110), track=7, start_s=80)).opened()
    assert incident.tracks == (7,)
    assert incident.factors["possible_same"] is True


def test_visits_that_were_counted_before_the_link_count_too() -> None:
    stage = Stage(RULES).play(visits((10, 20)))
    stage.play(visits((50, 60), (90, 100), track=7, start_s=40, until_s=102))
    assert not stage.opened()
    (hit,) = stage.engine.update(104.0, [], senses=Senses(appearance={7: 1})).hits
    assert hit.subject.track == 7
    assert hit.factors["visits"] == 3
    assert hit.factors["possible_same"] is True


def test_a_visit_that_was_cut_in_two_is_one_after_the_link() -> None:
    stage = Stage(RULES).play(visits((10, 20), (50, 60), until_s=61.0))
    stage.play(visits((66, 75), track=7, start_s=62, until_s=76))
    assert not list(stage.engine.update(77.0, [], senses=Senses(appearance={7: 1})).hits)


def test_a_chain_of_links_leads_to_the_first_whatever_their_order() -> None:
    continuity = Continuity(16 / 9)
    continuity.link(3, 2)
    continuity.link(2, 1)
    assert [continuity.who(track) for track in (1, 2, 3, 4)] == [1, 1, 1, 4]
    continuity.link(1, 3)
    assert continuity.who(1) == 1, "nobody goes on as somebody who goes on as them"


@pytest.mark.parametrize("misses", [0.05, 0.3])
def test_missed_detections_and_jitter_make_no_visits_and_hide_none(misses: float) -> None:
    for seed in range(5):
        two, three = visits((10, 20), (50, 60)), visits((10, 20), (50, 60), (90, 100))
        assert not Stage(RULES).play(seen_badly(two, 0.05, misses, seed)).opened()
        assert len(Stage(RULES).play(seen_badly(three, 0.05, misses, seed)).opened()) == 1


def restarted(before: Stage, at_s: float, now_s: float) -> Stage:
    """A new engine that goes on after a restart; its clock began anew, `now_s` is that of the first frame."""
    state = json.loads(json.dumps(before.engine.snapshot(at_s)))
    after = Stage(RULES)
    after.engine.restore(state, now_s - 8.0)
    return after


def test_visits_counted_before_a_power_cut_still_count_after_it() -> None:
    before = Stage(RULES).play(visits((10, 20), (50, 60), track=4, until_s=70))
    after = restarted(before, 70.0, 3.0).play(visits((30, 40), start_s=3.0))
    (incident,) = after.opened()
    assert incident.t_s == pytest.approx(35, abs=0.6)
    assert incident.tracks == (1,)
    assert incident.factors["visits"] == 3


def test_they_count_after_a_second_restart_too() -> None:
    before = Stage(RULES).play(visits((10, 20), track=4, until_s=50))
    between = restarted(before, 50.0, 3.0).play(visits((30, 40), track=4, start_s=3.0, until_s=70))
    assert not between.opened()
    assert len(restarted(between, 70.0, 3.0).play(visits((30, 40), start_s=3.0)).opened()) == 1


def test_somebody_else_after_a_restart_does_not_inherit_the_visits() -> None:
    before = Stage(RULES).play(visits((10, 20), (50, 60), until_s=70))
    elsewhere = [t._replace(box=t.box._replace(y1=0.6, y2=0.9)) for t in visits((30, 40), start_s=3.0)]
    assert not restarted(before, 70.0, 3.0).play(elsewhere).opened()
    later = visits((50, 60), start_s=3.0 + 20.0)
    after = restarted(before, 70.0, 3.0).play(walk([(3.0, 0.9, 0.9), (20.0, 0.9, 0.9)], 5.0, 9))
    assert not after.play(later).opened()


@pytest.mark.parametrize(
    "state",
    [{}, {"last_track": 1, "people": [[1, 2]]}, {"last_track": 0, "people": [], "rules": {"revisit-spirits": 5}}],
)
def test_a_state_that_is_no_snapshot_is_refused(state: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"snapshot|rows"):
        Stage(RULES).engine.restore(json.loads(json.dumps(state)), 0.0)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.floats(1, 30), st.floats(2, 60)), min_size=1, max_size=6))
def test_the_visits_counted_are_those_of_the_definition(lengths: list[tuple[float, float]]) -> None:
    if any(abs(inside - 5) < 1 or abs(outside - 20) < 1 for inside, outside in lengths):
        return
    stays, t_s = [], 2.0
    for inside, outside in lengths:
        stays.append((t_s, t_s + inside + 0.5))
        t_s += inside + 0.5 + outside
    count, left_s = 0, -99.0
    for enter_s, leave_s in stays:
        if enter_s - left_s < 20:
            left_s = leave_s
        elif leave_s - enter_s >= 5.5:
            count, left_s = count + 1, leave_s
    opened = Stage(RULES).play(visits(*stays)).opened()
    assert len(opened) == max(count - 2, 0)
