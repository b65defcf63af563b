"""What a walk test notices, on outcomes made by hand; and what is doubtful about places."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec
import numpy as np

from agent.domain import Box, Incident, IncidentState, Point, Severity, Track
from agent.evidence.seal import sealed_by
from agent.fitting.places import doubts
from agent.fitting.record import JSON, PAGE, files_of
from agent.fitting.walk import WalkTest
from agent.keys import DeviceKey
from agent.rules.zones import Stay
from agent.tables.places import LineConfig, ZoneConfig
from agent.vision.pipeline import Outcome, StageMs
from hal.ports import Frame, Yuv420

ZONES = [
    ZoneConfig("stock", (Point(0, 0.5), Point(0.4, 0.5), Point(0.4, 1), Point(0, 1))),
    ZoneConfig("till", (Point(0.6, 0.5), Point(1, 0.5), Point(1, 1), Point(0.6, 1))),
]
LINES = [LineConfig("door", (Point(0.5, 0.0), Point(0.5, 1.0)))]
PICTURE = Yuv420(np.zeros((36, 64), np.uint8), np.zeros((18, 32), np.uint8), np.zeros((18, 32), np.uint8))


def outcome(t_s: float, x: float, *stays: Stay, confirmed: bool = True) -> Outcome:
    box = Box(x - 0.05, 0.3, x + 0.05, 0.8)
    track = Track(1, t_s, box, 0.9, confirmed, True, True, 0.5, 0.0, t_s)
    return Outcome(Frame(0, t_s, PICTURE, PICTURE), True, (), [track], (), (), StageMs(), {s[:2]: s for s in stays})


def walk_test() -> WalkTest:
    return WalkTest(ZONES, LINES, [("restricted-stock", "stock"), ("crossing", "door")], 100.0, 16 / 9)


def walked(test: WalkTest, *, confirmed: bool = True) -> None:
    """From the stock room through the door."""
    for step in range(30):
        t_s = 100.0 + step / 10
        stays = [Stay(1, 0, 100.2, t_s)] if 2 <= step < 12 else []
        test.frame(outcome(t_s, 0.2 + step * 0.02, *stays, confirmed=confirmed))


def test_what_was_walked_through_is_triggered_once_with_its_time() -> None:
    test = walk_test()
    walked(test)
    stock, till, door = test.places
    assert (stock.times, stock.after_s, till.triggered) == (1, 0.2, False)
    assert (door.times, door.ways) == (1, ["out"]) or door.ways == ["in"]
    facts: Any = test.facts()
    assert (facts["passed"], facts["missing"], facts["people"]) == (False, ["till"], 1)


def test_who_is_not_confirmed_triggers_nothing() -> None:
    test = walk_test()
    walked(test, confirmed=False)
    assert not test.lines[0].triggered


def test_incidents_are_counted_at_the_place_and_rule_that_opened_them() -> None:
    test = walk_test()
    opened = Incident(
        "i1", "restricted", "restricted-stock", IncidentState.OPEN, Severity.WARNING, 101.0, 101.0, (1,), "stock"
    )
    for incident in (opened, opened, dataclasses.replace(opened, state=IncidentState.CLOSED)):
        test.incident(incident)
    test.incident(dataclasses.replace(opened, id="i2", zone="elsewhere"))
    assert test.zones[0].rules == {"restricted-stock": 1}
    assert test.incidents == ["i1", "i2"]


def test_a_camera_without_places_does_not_pass() -> None:
    assert not WalkTest([], [], [], 0.0, 1.5).passed


def record(test: WalkTest) -> dict[str, Any]:
    return {
        "camera": {"id": "cam1", "name": "<till>", "model": "board", "fw": "0.1"},
        "made": {"utc": "2026-01-01T00:00:00.000Z", "by": "kim & co", "note": ""},
        "walk_test": test.facts(),
        "mount": None,
        "picture": None,
        "outputs_tested": ["siren"],
        "health": {"state": "ok", "findings": []},
        "model": "person-m",
        "config_sha256": "0" * 64,
        "size": [640, 360],
        "zones": [{"name": one.name, "kind": one.kind, "polygon": one.polygon} for one in ZONES],
        "lines": [{"name": one.name, "points": one.points} for one in LINES],
    }


def test_a_record_is_signed_and_escapes_what_people_wrote() -> None:
    test, key = walk_test(), DeviceKey.generate()
    files = files_of(record(test), key)
    for name in (JSON, PAGE):
        found = sealed_by(files[name], files[f"{name}.sig"])
        assert found == key.public
        assert sealed_by(files[name] + b" ", files[f"{name}.sig"]) is None
    page = files[PAGE].decode()
    assert "&lt;till&gt;" in page
    assert "kim &amp; co" in page
    assert "<script" not in page
    assert msgspec.json.decode(files[JSON])["outputs_tested"] == ["siren"]
    assert files_of(record(test), None).keys() == {JSON, PAGE}


def test_doubts_name_the_place_and_say_what_to_do() -> None:
    square = [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5], [0.1, 0.5]]
    drawn: dict[str, Any] = {
        "zone": [
            {"name": "vault", "kind": "restricted", "polygon": square},
            {"name": "twin", "polygon": square},
            {"name": "dot", "polygon": [[0, 0], [0.01, 0], [0.01, 0.01]]},
        ],
        "line": [{"name": "short", "points": [[0.5, 0.5], [0.52, 0.5]]}],
        "privacy_mask": [{"polygon": [[0, 0], [1, 0], [1, 0.45], [0, 0.45]]}],
    }
    found = {(one.place, one.what) for one in doubts(drawn)}
    assert ("zone vault", "lies mostly behind a privacy mask") in found
    assert ("zone vault", "covers the same floor as twin") in found
    assert ("zone vault", "has no rule") in found
    assert ("zone dot", "is very small") in found
    assert ("line short", "is very short") in found
    assert all(one.advice for one in doubts(drawn))
    assert [one.what for one in doubts({})] == ["there is no zone and no line"]
    calm: dict[str, Any] = {"zone": [drawn["zone"][0]], "rule": [{"kind": "restricted", "zone": "vault"}]}
    assert [*doubts(calm)] == []
