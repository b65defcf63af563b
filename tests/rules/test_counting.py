"""Crowding and queues: counts that last, the hysteresis of two, and what a wait is estimated to be."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.domain import Track
from agent.rules.counting import Sustained, Throughput
from tests.rules.stage import Stage, seen_badly
from tests.rules.walks import person, walk

TILL = '[[zone]]\nname = "till"\nkind = "queue"\npolygon = [[0.2, 0.2], [0.8, 0.2], [0.8, 1.0], [0.2, 1.0]]\n'
CROWD = TILL + '[[rule]]\nkind = "crowding"\nzone = "till"\nmax_people = 4\n'
QUEUE = TILL + '[[rule]]\nkind = "queue"\nzone = "till"\nmax_length = 4\n'


def standing(track: int, start_s: float, end_s: float, fps: float = 5.0) -> list[Track]:
    x = 0.25 + 0.05 * track
    return [person(start_s + i / fps, x, 0.6, track) for i in range(round((end_s - start_s) * fps) + 1)]


def group(count: int, start_s: float, end_s: float, first: int = 1) -> list[Track]:
    return [t for track in range(first, first + count) for t in standing(track, start_s, end_s)]


@pytest.mark.parametrize("zone", ['zone = "till"\n', ""])
def test_a_crowd_that_lasts_is_one_incident_of_the_place(zone: str) -> None:
    stage = Stage(CROWD.replace('zone = "till"\n', zone)).play(group(4, 0, 30), until_s=40)
    (incident,) = stage.opened()
    assert incident.t_s == pytest.approx(10.3, abs=0.5)
    assert incident.tracks == ()
    assert incident.factors == {"people": 4, "max_people": 4, "lasted_s": pytest.approx(10.0, abs=0.3)}
    assert stage.closed()[0].t_s == pytest.approx(32.5, abs=2.5)


def test_too_few_or_too_short_is_no_crowd() -> None:
    assert not Stage(CROWD).play(group(3, 0, 60)).opened()
    assert not Stage(CROWD).play(group(4, 0, 7), until_s=30).opened()


def test_a_crowd_is_over_at_two_fewer_only() -> None:
    one_left = [*group(3, 0, 60), *standing(4, 0, 20)]
    assert not [i for i in Stage(CROWD).play(one_left).closed() if i.t_s < 60]
    two_left = [*group(2, 0, 60), *group(2, 0, 20, first=3)]
    assert Stage(CROWD).play(two_left).closed()[0].t_s == pytest.approx(28, abs=1.5), "hidden for 6 s, then gone"


@pytest.mark.parametrize("misses", [0.05, 0.3])
def test_missed_detections_neither_hide_a_crowd_nor_split_it(misses: float) -> None:
    for seed in range(5):
        assert len(Stage(CROWD).play(seen_badly(group(4, 0, 40), 0.03, misses, seed)).opened()) == 1


def test_unconfirmed_people_are_no_crowd() -> None:
    assert not Stage(CROWD).play(t._replace(confirmed=False) for t in group(6, 0, 30)).opened()


def test_a_long_queue_is_information_and_people_walking_through_are_no_queue() -> None:
    (incident,) = Stage(QUEUE).play(group(4, 0, 30)).opened()
    assert str(incident.severity) == "info"
    assert incident.factors["length"] == 4
    passing = [t for i in range(40) for t in walk([(i * 0.8, 0.1, 0.5), (i * 0.8 + 4, 0.9, 0.5)], 5.0, i)]
    assert not Stage(QUEUE).play(passing).opened()


@pytest.mark.parametrize("jitter", [0.02, 0.08])
def test_a_queue_is_counted_in_shaking_boxes(jitter: float) -> None:
    for seed in range(5):
        assert len(Stage(QUEUE).play(seen_badly(group(4, 0, 30), jitter, 0.2, seed)).opened()) == 1


def test_a_queue_of_few_who_are_served_slowly_is_long_in_time() -> None:
    rule = QUEUE + "max_wait_s = 100\n"
    served = [t for i in range(6) for t in standing(i + 1, i * 60.0, i * 60.0 + 120.0)]
    (incident, *_) = Stage(rule).play(served).opened()
    assert incident.factors["length"] == 2
    quick = [t for i in range(20) for t in standing(i % 8 + 1, i * 15.0, i * 15.0 + 29.0)]
    assert not Stage(rule).play(quick).opened()


def test_throughput_is_what_leaves_while_somebody_waits() -> None:
    rate = Throughput()
    for second in range(600):
        rate.update(float(second), served=int(second % 30 == 29), busy=second % 60 < 45)
    assert rate.per_s == pytest.approx((2 / 60) / (45 / 60), rel=0.1)
    assert Throughput().per_s == 0


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=200), st.sampled_from([0.1, 0.5, 1.0]))
def test_a_sustained_condition_never_begins_early_nor_outlasts_its_bridge(states: list[bool], step_s: float) -> None:
    sustained, true_s, false_s = Sustained(3.0), 0.0, 0.0
    for number, state in enumerate(states):
        on = sustained.update(number * step_s, begins=state, lasts=state)
        true_s = true_s + step_s if state else true_s
        false_s = 0.0 if state else false_s + step_s
        assert not on or true_s > 0
        assert not on or false_s <= 2.0 + step_s
        assert not on or number * step_s >= 3.0 - 1e-9


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 6), st.floats(5.0, 30.0), st.integers(0, 1))
def test_half_of_the_frames_count_the_same(people: int, length_s: float, odd: int) -> None:
    if abs(length_s - 10) < 2.5 or abs(length_s - 12) < 2.5:
        return
    tracks = group(people, 0, length_s)
    half = [t for t in tracks if round(t.t_s * 5) % 2 == odd]
    for rules in (CROWD, QUEUE):
        whole_found, half_found = Stage(rules).play(tracks).opened(), Stage(rules).play(half).opened()
        assert len(whole_found) == len(half_found)
        assert all(abs(a.t_s - b.t_s) < 1.0 for a, b in zip(whole_found, half_found, strict=True))


def test_a_rate_of_long_ago_tells_nothing() -> None:
    throughput = Throughput()
    for second in range(60):
        throughput.update(float(second), int(second == 30), busy=True)
    assert throughput.per_s == pytest.approx(1 / 59, rel=0.1)
    throughput.update(36_000.0, 0, busy=False)
    throughput.update(36_060.0, 0, busy=True)
    assert throughput.per_s == 0.0
