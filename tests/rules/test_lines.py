"""Lines: directions, the margin, U-turns, and boxes that the frame's edge cuts."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain import Point, Track
from agent.rules.lines import Crossing, LineWatch
from agent.tables.places import LineConfig
from tests.rules.walks import person, walk

ASPECT = 16 / 9
DOWN = LineConfig("middle", (Point(0.5, 0.0), Point(0.5, 1.0)))
BOTTOM = LineConfig("bottom", (Point(0.0, 0.9), Point(1.0, 0.9)))
SHORT = LineConfig("short", (Point(0.5, 0.0), Point(0.5, 0.3)))


def run(line: LineConfig, tracks: Iterable[Track]) -> list[Crossing]:
    watch = LineWatch([line], ASPECT)
    return [crossing for track in tracks for crossing in watch.update(track.t_s, [track])]


def test_in_is_from_the_left_hand_to_the_right_hand_of_the_line() -> None:
    # Somebody walking down the screen has the screen's left on the right hand.
    assert [c.direction for c in run(DOWN, walk([(0, 0.8, 0.5), (4, 0.2, 0.5)]))] == ["in"]
    assert [c.direction for c in run(DOWN, walk([(0, 0.2, 0.5), (4, 0.8, 0.5)]))] == ["out"]


def test_there_and_back_are_two_crossings() -> None:
    crossings = run(DOWN, walk([(0, 0.2, 0.5), (4, 0.8, 0.5), (8, 0.2, 0.5)]))
    assert [c.direction for c in crossings] == ["out", "in"]


def test_a_turn_within_the_margin_cancels() -> None:
    assert not run(DOWN, walk([(0, 0.3, 0.5), (3, 0.515, 0.5), (6, 0.3, 0.5)]))


def test_one_observation_beyond_is_not_enough() -> None:
    places = [0.4, 0.45, 0.6, 0.45, 0.4]
    assert not run(DOWN, [person(i * 0.1, x, 0.5) for i, x in enumerate(places)])


def test_walking_past_the_end_of_a_line_is_no_crossing() -> None:
    assert not run(SHORT, walk([(0, 0.2, 0.8), (4, 0.8, 0.8)]))


def test_a_track_that_vanishes_on_the_line_has_not_crossed() -> None:
    assert not run(DOWN, walk([(0, 0.3, 0.5), (2, 0.505, 0.5)]))


def test_an_unconfirmed_track_is_not_reported() -> None:
    assert not run(DOWN, [person(i * 0.1, 0.2 + 0.02 * i, 0.5, confirmed=False) for i in range(30)])


def test_someone_entering_from_below_head_first_crosses_the_bottom_line_once() -> None:
    cut = [person(i * 0.1, 0.5, 1.0, foot_seen=False) for i in range(10)]
    seen = list(walk([(1.0, 0.5, 0.98), (3.0, 0.5, 0.5)]))
    assert [c.direction for c in run(BOTTOM, [*cut, *seen])] == ["out"]


def test_a_box_that_grows_at_the_right_edge_fakes_no_crossing_inward() -> None:
    line = LineConfig("right", (Point(0.95, 0.0), Point(0.95, 1.0)))
    # The visible part grows from a sliver: its centre moves from 0.99 to 0.93 while the true foot stays beyond 0.95.
    tracks = []
    for step in range(20):
        x1 = 0.98 - 0.006 * step
        track = person(step * 0.1, (x1 + 1.0) / 2, 0.6, foot_seen=False)
        tracks.append(track._replace(box=track.box._replace(x1=x1, x2=1.0)))
    assert not run(line, tracks)


@given(
    start=st.floats(0.05, 0.4),
    end=st.floats(0.6, 0.95),
    y=st.floats(0.1, 0.9),
    wobble=st.lists(st.floats(-0.01, 0.01), min_size=61, max_size=61),
    skip=st.sets(st.integers(1, 59), max_size=15),
)
def test_a_wobbling_walk_crosses_exactly_once(
    start: float, end: float, y: float, wobble: list[float], skip: set[int]
) -> None:
    tracks = [
        person(i * 0.1, min(start + (end - start) * i / 50, end) + wobble[i], y) for i in range(61) if i not in skip
    ]
    assert [c.direction for c in run(DOWN, tracks)] == ["out"]


@pytest.mark.parametrize("x", [0.499, 0.5, 0.501])
def test_standing_on_the_line_is_no_crossing(x: float) -> None:
    assert not run(DOWN, [person(i * 0.1, x + 0.004 * (-1) ** i, 0.5) for i in range(100)])


def test_who_is_first_seen_just_beyond_a_line_has_appeared_there_but_not_crossed() -> None:
    watch = LineWatch([LineConfig(name="door", points=(Point(0.5, 1.0), Point(0.5, 0.0)))], ASPECT)
    told = []
    for index, track in enumerate(walk([(0, 0.6, 0.5), (2, 0.8, 0.5)])):
        assert watch.update(track.t_s, [track._replace(confirmed=index >= 2)]) == []
        told += watch.appeared
    assert [(one.track, one.line, one.direction) for one in told] == [(1, 0, "in")]


def test_who_walks_up_from_afar_has_not_appeared() -> None:
    watch = LineWatch([LineConfig(name="door", points=(Point(0.5, 1.0), Point(0.5, 0.0)))], ASPECT)
    for track in walk([(0, 0.95, 0.5), (4, 0.55, 0.5)]):
        watch.update(track.t_s, [track])
        assert watch.appeared == []


@pytest.mark.parametrize(("step_s", "x", "crossed"), [(0.3, 0.62, 1), (0.1, 0.62, 0), (0.3, 0.53, 0)])
def test_one_observation_far_beyond_does_where_frames_are_few(step_s: float, x: float, crossed: int) -> None:
    assert len(run(DOWN, [person(i * step_s, place, 0.5) for i, place in enumerate([0.4, 0.45, x])])) == crossed
