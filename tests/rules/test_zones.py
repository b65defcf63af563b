"""Zones: the raster agrees with the polygon, and stays follow the hysteresis of semantics.md in time."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.domain import Point, Track
from agent.rules.zones import BRIDGE_S, COLUMNS, ROWS, Stay, ZoneMap, ZoneWatch
from agent.tables.places import ZoneConfig
from tests.rules.walks import person, walk

LEFT_HALF = (Point(0, 0), Point(0.5, 0), Point(0.5, 1), Point(0, 1))


def watch() -> ZoneWatch:
    return ZoneWatch([ZoneConfig("left", LEFT_HALF)])


def run(zones: ZoneWatch, tracks: list[Track]) -> list[Stay]:
    return [stay for track in tracks for stay in zones.update(track.t_s, [track])]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0.05, 0.95), st.floats(0.05, 0.95)), min_size=3, max_size=3),
    st.floats(0, 0.999),
    st.floats(0, 0.999),
)
def test_the_raster_agrees_with_the_triangle_away_from_its_edges(
    corners: list[tuple[float, float]], x: float, y: float
) -> None:
    a, b, c = (Point(*corner) for corner in corners)
    place = Point(x, y)
    twice = [(q.x - p.x) * (y - p.y) - (q.y - p.y) * (x - p.x) for p, q in ((a, b), (b, c), (c, a))]
    lengths = [max(((q.x - p.x) ** 2 + (q.y - p.y) ** 2) ** 0.5, 1e-9) for p, q in ((a, b), (b, c), (c, a))]
    if min(abs(area) / length for area, length in zip(twice, lengths, strict=True)) < 1.5 / ROWS:
        return
    inside = all(area > 0 for area in twice) or all(area < 0 for area in twice)
    assert bool(ZoneMap([(a, b, c)]).at(place)) == inside


def test_overlapping_zones_are_told_apart_by_bits() -> None:
    everywhere = (Point(0, 0), Point(1, 0), Point(1, 1), Point(0, 1))
    zones = ZoneMap([LEFT_HALF, everywhere])
    assert zones.at(Point(0.2, 0.5)) == 0b11
    assert zones.at(Point(0.8, 0.5)) == 0b10
    assert zones.at(Point(0.2, 1.3)) == 0b11, "a foot below the frame counts as on its edge"
    assert COLUMNS > ROWS


def test_a_stay_runs_from_the_first_observation_inside_to_the_first_outside() -> None:
    zones = watch()
    (stay,) = run(zones, list(walk([(0, 0.9, 0.5), (4, 0.1, 0.5), (10, 0.1, 0.5), (14, 0.9, 0.5)])))
    assert stay.entered_s == pytest.approx(2.1, abs=0.11)
    assert stay.left_s == pytest.approx(12.0, abs=0.11)
    assert stay.dwell_s == pytest.approx(9.9, abs=0.2)
    assert not zones.stays


def test_two_observations_or_a_flicker_do_not_enter() -> None:
    zones = watch()
    places = [0.8, 0.4, 0.4, 0.8, 0.4, 0.8, 0.4, 0.4, 0.8]
    run(zones, [person(i * 0.1, x, 0.5) for i, x in enumerate(places)])
    assert not zones.stays


def test_three_observations_within_a_fifth_of_a_second_are_not_enough_time() -> None:
    zones = watch()
    run(zones, [person(i / 60, 0.4, 0.5) for i in range(11)])
    assert not zones.stays
    run(zones, [person(i / 60, 0.4, 0.5) for i in range(11, 13)])
    assert zones.stays


def test_three_observations_at_fifteen_a_second_are_a_fifth_of_a_second() -> None:
    zones = watch()
    run(zones, [person(i / 15, 0.4, 0.5) for i in range(2)])
    assert not zones.stays
    run(zones, [person(2 / 15, 0.4, 0.5)])
    assert zones.stays


@pytest.mark.parametrize(
    ("step_s", "x", "sure", "enters"),
    [(0.25, 0.2, True, True), (0.15, 0.2, True, False), (0.25, 0.497, True, False), (0.25, 0.2, False, False)],
)
def test_two_observations_far_inside_do_where_frames_are_few(step_s: float, x: float, sure: bool, enters: bool) -> None:
    zones = watch()
    run(zones, [person(-step_s, 0.8, 0.5)._replace(sure=sure), person(0.0, x, 0.5)._replace(sure=sure)])
    assert not zones.stays
    run(zones, [person(step_s, x, 0.5)._replace(sure=sure)])
    assert (list(zones.stays) == [(1, 0)]) == enters
    if not enters:
        run(zones, [person(2 * step_s, x, 0.5)])
    assert zones.stays[1, 0].entered_s == 0.0


@given(st.sets(st.integers(5, 95), max_size=40))
def test_skipped_frames_change_nothing_but_the_resolution(skipped: set[int]) -> None:
    tracks = [track for index, track in enumerate(walk([(0, 0.2, 0.5), (10, 0.2, 0.5)])) if index not in skipped]
    gaps = [b.t_s - a.t_s for a, b in itertools.pairwise(tracks)]
    zones = watch()
    ended = run(zones, tracks)
    if max(gaps) <= 2.0:
        assert not ended
        assert zones.stays[1, 0].dwell_s == pytest.approx(10.0)


def test_a_person_unseen_for_longer_than_the_bridge_has_left_when_last_seen() -> None:
    zones = watch()
    run(zones, [person(i * 0.1, 0.49, 0.5) for i in range(20)])
    assert not zones.update(3.8, [])
    (stay,) = zones.update(4.1, [])
    assert stay.left_s == pytest.approx(1.9)
    assert not zones.stays


def test_who_is_lost_far_inside_is_hidden_there_for_some_seconds() -> None:
    zones = watch()
    run(zones, [person(i * 0.1, 0.2, 0.5) for i in range(20)])
    (stay,) = zones.update(4.1, [])
    assert stay.left_s == pytest.approx(1.9)
    zones.update(7.8, [])
    assert zones.stays[1, 0].dwell_s == pytest.approx(1.9), "time out of sight is not counted as seen"
    zones.update(8.0, [])
    assert not zones.stays


def test_a_stay_goes_on_when_the_same_track_comes_back_where_it_was() -> None:
    zones = watch()
    run(zones, [person(i * 0.1, 0.2, 0.5) for i in range(20)])
    zones.update(4.1, [])
    zones.update(9.0, [person(9.0, 0.2, 0.5)])
    assert not zones.stays  # one observation is not enough, now as before
    run(zones, [person(9.1 + i * 0.1, 0.8 if i < 2 else 0.2, 0.5) for i in range(10)])
    assert zones.stays[1, 0].entered_s == 0.0
    assert zones.stays[1, 0].dwell_s == pytest.approx(10.0)


@given(st.floats(2.2, 20.0))
def test_a_stay_that_goes_on_is_told_of_once_part_by_part(gap_s: float) -> None:
    zones = watch()
    first = run(zones, [person(i * 0.1, 0.2, 0.5) for i in range(20)])
    first += zones.update(2.0 + BRIDGE_S, [])
    back_s = 1.9 + gap_s
    later = [person(back_s + i * 0.1, 0.2, 0.5) for i in range(20)]
    leaving = [person(back_s + 2 + i * 0.1, 0.9, 0.5) for i in range(10)]
    stays = [*first, *run(zones, [*later, *leaving])]
    assert len(stays) == 2
    assert stays[-1].dwell_s == pytest.approx(back_s + 2.0)
    assert sum(stay.untold_s for stay in stays) == pytest.approx(back_s + 2.0)


def test_swaying_over_the_border_does_not_end_a_stay_but_going_away_does() -> None:
    zones = watch()
    sway = [person(i * 0.1, 0.48 if i // 6 % 2 == 0 else 0.515, 0.5) for i in range(60)]
    assert not run(zones, sway)
    assert zones.stays[1, 0].entered_s == 0.0
    (stay,) = run(zones, [person(6 + i * 0.1, 0.7, 0.5) for i in range(3)])
    assert stay.left_s == pytest.approx(5.4, abs=0.01), "over since they were out for good"


@pytest.mark.parametrize(("back_s", "x"), [(7.0, 0.8), (40.0, 0.2)])
def test_a_stay_is_over_when_the_track_comes_back_elsewhere_or_too_late(back_s: float, x: float) -> None:
    zones = watch()
    run(zones, [person(i * 0.1, 0.2, 0.5) for i in range(20)])
    assert len(zones.update(4.1, [])) == 1
    again = run(zones, [person(back_s + i * 0.1, x, 0.5) for i in range(20)])
    assert sum(stay.untold_s for stay in again) == 0
    assert all(stay.entered_s == back_s for stay in zones.stays.values())


def test_only_confirmed_people_are_reported_but_their_time_counts_from_the_start() -> None:
    zones = watch()
    run(zones, [person(i * 0.1, 0.2, 0.5, confirmed=False) for i in range(10)])
    assert not zones.stays
    zones.update(1.0, [person(1.0, 0.2, 0.5)])
    assert zones.stays[1, 0].entered_s == 0.0


def test_somebody_who_may_be_a_false_box_is_not_in_a_zone_yet_but_their_time_counts() -> None:
    zones = watch()
    run(zones, [person(i * 0.1, 0.2, 0.5)._replace(sure=False) for i in range(10)])
    assert not zones.stays
    zones.update(1.0, [person(1.0, 0.2, 0.5)])
    assert zones.stays[1, 0].entered_s == 0.0
