"""The real clip of six people, flat out through the whole walk by the command that users type."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.data import DATA, needs_data

VIDEO = DATA / "video" / "intel_one-by-one-person-detection.mp4"
CONFIG = Path(__file__).with_name("one_by_one.toml")
TOLERANCE_S = 1.2
LOITERERS = [2, 3, 5]
"""Who dwells at the table for more than 15 s, counted from 1."""

pytestmark = [needs_data, pytest.mark.timeout(240)]


class Found(NamedTuple):
    """What a replay printed."""

    events: list[dict[str, Any]]
    incidents: list[dict[str, Any]]
    summary: dict[str, Any]

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["kind"] == kind]


class Person(NamedTuple):
    """One person of the truth: when in view, seconds of video."""

    start_s: float
    end_s: float


def truth() -> list[Person]:
    text = VIDEO.with_suffix(".events.csv").read_text()
    rows = csv.DictReader(text.splitlines())
    return [Person(int(row["first_frame"]) / 10, int(row["last_frame"]) / 10) for row in rows]


@pytest.fixture(scope="module", params=["coco-ssd", "person-m"])
def found(request: pytest.FixtureRequest) -> Found:
    command = [sys.executable, "-m", "agent", "replay", str(VIDEO), "--config", str(CONFIG), "--model", request.param]
    result = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    by_type = {kind: [line for line in lines if line["type"] == kind] for kind in ("event", "incident", "summary")}
    (summary,) = by_type["summary"]
    assert lines[-1] == summary, "the summary is the last line"
    return Found(by_type["event"], by_type["incident"], summary)


def test_exactly_six_people_are_in_view_for_their_times(found: Found) -> None:
    views = [(track["from_s"], track["to_s"]) for track in found.summary["views"]]
    assert len(views) == found.summary["tracks"] == 6
    for (start_s, end_s), person in zip(sorted(views), truth(), strict=True):
        assert end_s - start_s == pytest.approx(person.end_s - person.start_s, abs=TOLERANCE_S)
        assert start_s == pytest.approx(person.start_s, abs=TOLERANCE_S)


def test_six_visits_to_the_table(found: Found) -> None:
    visits = found.of_kind("dwell")
    assert len(visits) == 6
    assert len({visit["track"] for visit in visits}) == 6
    for visit, person in zip(visits, truth(), strict=True):
        assert person.end_s - 3.0 <= visit["t_s"] <= person.end_s + TOLERANCE_S
        assert visit["dwell_s"] <= person.end_s - person.start_s + TOLERANCE_S


def test_six_exits_over_the_line_before_the_right_edge(found: Found) -> None:
    crossings = found.of_kind("line_crossing")
    assert [crossing["direction"] for crossing in crossings] == ["out"] * 6
    for crossing, person in zip(crossings, truth(), strict=True):
        assert crossing["t_s"] == pytest.approx(person.end_s, abs=TOLERANCE_S)


def test_loitering_is_exactly_what_the_dwell_times_call_for(found: Found) -> None:
    opened = [incident for incident in found.incidents if incident["state"] == "open"]
    closed = [incident for incident in found.incidents if incident["state"] == "closed"]
    people = truth()
    assert len(opened) == len(closed) == len(LOITERERS)
    for incident, number in zip(opened, LOITERERS, strict=True):
        person = people[number - 1]
        assert incident["t_s"] == pytest.approx(person.start_s + 15, abs=TOLERANCE_S)
    assert [incident["id"] for incident in opened] == [incident["id"] for incident in closed]


def test_nothing_happens_in_the_empty_stretches(found: Found) -> None:
    people = truth()
    for fact in [*found.events, *found.incidents]:
        assert any(person.start_s <= fact["t_s"] <= person.end_s + TOLERANCE_S for person in people), fact


def test_the_summary_says_what_it_cost(found: Found) -> None:
    summary = found.summary
    assert summary["frames"] == 1394
    assert summary["invoke_ms"]["p50"] > 0
    assert summary["frame_ms"]["p50"] > 0
    assert {"gate", "input", "invoke", "decode", "track", "rules"} <= summary["stages_ms"].keys()
    assert summary["peak_rss_mb"] > 30
