"""The JSON lines other programs read."""

from __future__ import annotations

import json

from agent.domain import Event, HealthSample, HealthState, Incident, IncidentState, Severity
from agent.events.lines import event_json, sentence, utc_text
from agent.events.wire import body_of
from hal.ports import WallTime

CROSSING = Event("line_crossing", 12.30004, data={"track": 4, "line": "bottom", "direction": "in"})
INCIDENT = Incident("a-1", "loitering", "spirits", IncidentState.OPEN, Severity.WARNING, 41.0, 30.0, (4,), "table")
HEALTH = HealthSample("defocused", HealthState.FAULT, 31.0, 27.5, 0.97)


def test_an_event_in_a_replay() -> None:
    assert json.loads(event_json(CROSSING)) == {
        "type": "event", "kind": "line_crossing", "t_s": 12.3, "track": 4, "line": "bottom", "direction": "in",
        "severity": "info",
    }  # fmt: skip


def test_on_a_camera_the_label_says_whether_its_clock_was_set() -> None:
    fields = json.loads(event_json(CROSSING, WallTime(1_700_000_000.25, False)))
    assert fields["utc"] == "2023-11-14T22:13:20.250Z"
    assert fields["clock_synchronised"] is False


def test_an_incident_and_a_health_finding() -> None:
    incident = json.loads(event_json(INCIDENT))
    expected = {"type": "incident", "id": "a-1", "kind": "loitering", "state": "open", "severity": "warning"}
    assert expected.items() <= incident.items()
    assert (incident["t_s"], incident["zone"], incident["tracks"]) == (41.0, "table", [4])
    health = {"type": "health", "what": "defocused", "state": "fault", "t_s": 31.0, "since_s": 27.5, "confidence": 0.97}
    assert json.loads(event_json(HEALTH)) == health


def test_a_kinds_own_field_cannot_hide_a_fixed_one() -> None:
    fields = json.loads(event_json(Event("a", 1.0, data={"type": "x", "severity": "x", "t_s": 9, "kind": "b"})))
    assert fields == {"type": "event", "kind": "a", "t_s": 1.0, "severity": "info"}


def test_the_wire_form_gives_the_same_line() -> None:
    for item in (CROSSING, INCIDENT, HEALTH):
        assert event_json(body_of(item)) == event_json(item)


def test_a_time_no_calendar_has() -> None:
    assert utc_text(1e300) == "unknown"


def test_sentences() -> None:
    assert sentence(body_of(CROSSING)) == "info     line_crossing track=4 line=bottom direction=in"
    assert sentence(body_of(INCIDENT)) == "warning  loitering open rule=spirits zone=table tracks=4"
    assert sentence(body_of(HEALTH)) == "fault    defocused since_s=27.5 confidence=0.97"
