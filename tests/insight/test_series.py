"""What is told about customers: never about too few, never for less than a period, and in sum everything."""

from __future__ import annotations

from itertools import pairwise
from math import inf

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.config import Config, parse_config
from agent.domain import Box, Event, Json, Track
from agent.insight.collector import SLACK_S, Collector
from agent.insight.series import EDGES_S, Crossings, Dwell, Occupancy, coarsened
from agent.insight.summary import summary_lines
from agent.rules.zones import Stay

LEAST = 5
CONFIG = parse_config(
    """
    [[zone]]
    name = "spirits"
    polygon = [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]
    [[zone]]
    name = "till"
    kind = "queue"
    polygon = [[0.5, 0], [1, 0], [1, 1], [0.5, 1]]
    [[line]]
    name = "door"
    points = [[0, 0.5], [1, 0.5]]
    """
)
START_UTC_S = 1_800_000_000.0


def person(track: int, t_s: float, x: float = 0.25) -> Track:
    return Track(track, t_s, Box(x - 0.05, 0.2, x + 0.05, 0.8), 0.9, True, True, True, 0.6, 0.0, t_s)


def crossing(track: int, direction: str) -> Event:
    return Event("line_crossing", 1.0, data={"track": track, "line": "door", "direction": direction})


def number(value: Json) -> float:
    assert isinstance(value, int | float)
    return float(value)


@settings(deadline=None)
@given(st.lists(st.integers(0, 30), min_size=len(EDGES_S), max_size=len(EDGES_S)), st.integers(1, 12))
def test_classes_of_times_count_nobody_or_enough_people_and_lose_none(counts: list[int], least: int) -> None:
    classes = list(coarsened(counts, least))
    assert sum(count for _, _, count in classes) == sum(counts)
    assert [classes[0][0], classes[-1][1]] == [0.0, inf]
    assert all(before[1] == after[0] for before, after in pairwise(classes))
    if sum(counts) >= least:
        assert all(count == 0 or count >= least for _, _, count in classes)


DEEDS = ["cross", "leave", "wait", "stand", "close", "restart"]
STEP = st.tuples(st.sampled_from(DEEDS), st.integers(1, 12), st.floats(0, 400))


@settings(deadline=None)
@given(st.lists(STEP, max_size=80))
def test_whatever_happens_nothing_is_told_about_few_people_or_short_times(steps: list[tuple[str, int, float]]) -> None:
    now_s, collector, told = 0.0, Collector(CONFIG, 0.0), []
    crossed = left = 0
    for what, track, value in steps:
        now_s += value
        if what == "cross":
            collector.note([crossing(track, "in" if track % 3 else "out")], ())
            crossed += 1
        elif what in ("leave", "wait"):
            zone = int(what == "wait")
            collector.note((), [Stay(track, zone, now_s - value, now_s, now_s)])
            left += 1
        elif what == "stand":
            collector.take(now_s, [person(track, now_s)], {(track, 0): Stay(track, 0, now_s, now_s)})
        elif what == "close":
            told += collector.close(now_s, START_UTC_S + now_s)
        else:
            kept = msgspec.msgpack.decode(msgspec.msgpack.encode(collector.snapshot(now_s)))
            collector = Collector(CONFIG, now_s)
            collector.restore(kept, now_s, 0.0)
    for row in told:
        assert number(row["to_utc_s"]) - number(row["from_utc_s"]) >= CONFIG.insight.period_s - SLACK_S - 0.2
        assert number(row["people"]) >= LEAST
        cells = row.get("counts", [row.get("in", 0), row.get("out", 0)])
        assert isinstance(cells, list)
        assert all(cell == 0 or number(cell) >= LEAST for cell in cells)
        assert "track" not in str(row)
    rows = [row for row in told if row["what"] == "crossings"]
    assert sum(number(row["in"]) + number(row["out"]) for row in rows) <= crossed
    assert sum(number(row["visits"]) for row in told if "visits" in row) <= left


def test_what_is_rare_is_told_later_and_nothing_is_lost() -> None:
    collector, told = Collector(CONFIG, 0.0), []
    for period in range(1, 7):
        for track in range(2):
            collector.note([crossing(10 * period + track, "in")], ())
        told += collector.close(300.0 * period, START_UTC_S + 300.0 * period)
    assert [row["in"] for row in told] == [6, 6]
    assert [number(row["to_utc_s"]) - number(row["from_utc_s"]) for row in told] == [900.0, 900.0]


def test_a_loop_that_wakes_late_once_does_not_cost_every_other_period() -> None:
    collector, told = Collector(CONFIG, 0.0), []
    for period, late_s in enumerate((0.004, 0.001, 0.3, 0.002), start=1):
        for track in range(8):
            collector.note([crossing(10 * period + track, "in")], [])
        told += collector.close(300.0 * period + late_s, START_UTC_S + 300.0 * period + late_s)
    assert [row["in"] for row in told] == [8, 8, 8, 8]


def test_nobody_makes_no_row_and_no_time() -> None:
    collector = Collector(CONFIG, 0.0)
    for period in range(1, 10):
        assert collector.close(300.0 * period, START_UTC_S + 300.0 * period) == []
    for track in range(5):
        collector.note([crossing(track, "in")], ())
    (row,) = collector.close(3000.0, START_UTC_S + 3000.0)
    assert number(row["to_utc_s"]) - number(row["from_utc_s"]) == 300.0


def test_the_same_person_many_times_is_not_many_people() -> None:
    series = Crossings("door", 0.0)
    for _ in range(20):
        series.count(1, "in")
    assert not series.ready(LEAST)


def test_few_outs_wait_for_more_of_them() -> None:
    series = Crossings("door", 0.0)
    for track in range(9):
        series.count(track, "in")
    assert series.ready(LEAST)
    series.count(20, "out")
    assert not series.ready(LEAST)


def test_occupancy_is_a_mean_over_time_and_a_peak() -> None:
    occupancy = Occupancy("spirits", 0.0)
    occupancy.watch({1, 2, 3, 4}, 10.0)
    occupancy.watch({5}, 30.0)
    assert occupancy.people == 5
    assert occupancy.figures(LEAST) == {"mean": 1.75, "peak": 4, "watched_s": 40}


def test_dwell_is_told_in_classes() -> None:
    dwell = Dwell("spirits", 0.0)
    for track, dwell_s in enumerate([1, 2, 3, 4, 4.5, 20, 25, 70, 80, 90, 100, 2000]):
        dwell.count(track, dwell_s)
    figures = dwell.figures(LEAST)
    assert (figures["visits"], figures["counts"]) == (12, [5, 0, 7])
    assert (figures["from_s"], figures["to_s"]) == ([0.0, 5.0, 15.0], [5.0, 15.0, None])


def test_a_gap_in_the_frames_is_no_time_spent() -> None:
    collector = Collector(CONFIG, 0.0)
    for track in range(5):
        collector.take(1.0 + track * 100.0, [person(track, 1.0)], {})
    (row,) = [row for row in collector.close(600.0, START_UTC_S) if row["what"] == "occupancy"]
    assert number(row["watched_s"]) == 8


@pytest.mark.parametrize("state", [{}, {"begun_s": "x"}, {"begun_s": 1.0, "people": 2, "counts": [1]}])
def test_what_cannot_be_restored_begins_anew(state: dict[str, Json]) -> None:
    collector = Collector(CONFIG, 100.0)
    collector.restore({"dwell-spirits": state, "queue_wait-till": state, "unknown": 5}, 100.0, 0.0)
    assert collector.snapshot(100.0) == {}


def test_a_summary_adds_up_by_place() -> None:
    rows: list[dict[str, Json]] = [
        {"what": "crossings", "line": "door", "in": 6, "out": 5},
        {"what": "crossings", "line": "door", "in": 7, "out": 0},
        {"what": "dwell", "zone": "spirits", "visits": 10, "mean_s": 20.0},
        {"what": "dwell", "zone": "spirits", "visits": 30, "mean_s": 40.0},
        {"what": "queue_wait", "zone": "till", "visits": 6, "mean_s": 90.0},
        {"what": "occupancy", "mean": 2.0, "peak": 4, "watched_s": 300},
        {"what": "occupancy", "mean": 4.0, "peak": 7, "watched_s": 300},
    ]
    assert [" ".join(line.split()) for line in summary_lines(rows)] == [
        "door 13 in, 5 out",
        "spirits 40 visits of 35 s on average",
        "everywhere 3.0 people on average while there were any, 7 at most",
        "till 6 people waited 90 s on average",
    ]


def test_periods_below_five_minutes_are_no_configuration() -> None:
    with pytest.raises(Exception, match="period_s"):
        parse_config("[insight]\nperiod_s = 60")
    assert isinstance(parse_config("[insight]\nenabled = false"), Config)
