"""What is told: topics, payloads, ONVIF names, and what Home Assistant needs to find a camera."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.events.wire import Body, EventBody, Gap, HealthBody, IncidentBody, Origin, Record
from agent.hub.mqtt.discovery import Described, descriptions
from agent.hub.mqtt.onvif import onvif_message
from agent.hub.mqtt.telling import Message, Topics, level, message_of

TOPICS = Topics("shop7/aislewatch", "cam0001")
EPOCH = "0123456789abcdef"
SHOP = Described("aisle-3", "Pi 5", "1.0", ["spirits", "till.1"], {"siren": "siren", "lamp": "led"})


def record(body: Body, origin: Origin | None = None) -> Record:
    return Record(7, 1_767_225_600.0, True, "boot", 5.0, body, origin)


def incident(state: Any = "open", kind: str = "loitering") -> IncidentBody:
    return IncidentBody("i1", kind, f"{kind}-spirits", state, "warning", 5.0, 4.0, tracks=[3], zone="spirits")


def told(body: Body, origin: Origin | None = None) -> tuple[str, dict[str, Any]]:
    message = message_of(TOPICS, EPOCH, record(body, origin))
    assert not message.retain
    return message.topic, json.loads(message.payload)


def test_an_event_is_told_with_its_place_and_time() -> None:
    topic, fields = told(EventBody("dwell", 5.0, "info", {"zone": "spirits", "dwell_s": 3.2}))
    assert topic == "shop7/aislewatch/cam0001/event/dwell"
    assert fields["device"] == "cam0001"
    assert (fields["epoch"], fields["seq"]) == (EPOCH, 7)
    assert fields["utc"] == "2026-01-01T00:00:00.000Z"
    assert fields["clock_synchronised"] is True
    assert (fields["type"], fields["kind"], fields["zone"], fields["dwell_s"]) == ("event", "dwell", "spirits", 3.2)


def test_incidents_and_findings_have_topics_of_their_own() -> None:
    assert told(incident())[0] == "shop7/aislewatch/cam0001/incident/loitering"
    assert told(HealthBody("covered", "fault", 5.0, 4.0, 0.9))[0] == "shop7/aislewatch/cam0001/health/covered"


def test_what_was_carried_over_keeps_the_place_where_it_first_stood() -> None:
    fields = told(EventBody("dwell", 5.0), Origin("f" * 16, 3))[1]
    assert (fields["epoch"], fields["seq"]) == ("f" * 16, 3)


def test_a_gap_is_told() -> None:
    message = message_of(TOPICS, EPOCH, Gap(3, 9))
    assert message.topic == "shop7/aislewatch/cam0001/gap"
    fields = {"type": "gap", "device": "cam0001", "epoch": EPOCH, "first": 3, "last": 9}
    assert json.loads(message.payload) == fields


@given(st.text())
def test_any_word_becomes_one_level_without_wildcards(word: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_.-]+", level(word))


@pytest.mark.parametrize(
    ("body", "topic", "data"),
    [
        (
            HealthBody("covered", "fault", 5.0, 4.0, 0.9),
            "VideoSource/GlobalSceneChange/ImagingService/&/camera",
            {"State": True, "Cause": "covered"},
        ),
        (HealthBody("StorageFailure", "ok", 5.0, 4.0, 1.0), "Device/HardwareFailure/StorageFailure/&/StorageFailure",
         {"Failed": False}),
        (incident(), "RuleEngine/LoiteringDetector/ObjectIsLoitering/&/camera/loitering-spirits", {"ObjectId": "3"}),
        (incident("closed", "restricted"), "RuleEngine/FieldDetector/ObjectsInside/&/camera/restricted-spirits",
         {"ObjectId": "3", "IsInside": False}),
        (EventBody("line_crossing", 5.0, "info", {"track": 4, "line": "exit", "direction": "in"}),
         "RuleEngine/LineDetector/Crossed/&/camera/exit", {"ObjectId": "4", "Direction": "in"}),
        (EventBody("output", 5.0, "info", {"output": "siren", "state": "active"}), "Device/Trigger/Relay/&/siren",
         {"LogicalState": "active"}),
    ],
)  # fmt: skip
def test_events_under_their_onvif_names(body: Body, topic: str, data: dict[str, Any]) -> None:
    message = onvif_message(TOPICS, record(body))
    assert message is not None
    assert message.topic == f"shop7/aislewatch/cam0001/onvif-ej/{topic}"
    fields = json.loads(message.payload)
    assert fields["Data"] == data
    assert fields["UtcTime"] == "2026-01-01T00:00:00.000Z"


def test_what_has_no_onvif_name_is_not_told_under_one() -> None:
    for body in (EventBody("dwell", 5.0), incident("updated"), HealthBody("covered", "unknown", 5.0, 4.0, 0.5)):
        assert onvif_message(TOPICS, record(body)) is None


def found(*, commands: bool) -> dict[str, dict[str, Any]]:
    messages = [*descriptions(TOPICS, "homeassistant", SHOP, commands=commands)]
    assert all(message.retain for message in messages)
    assert len({message.topic for message in messages}) == len(messages)
    return {message.topic: json.loads(message.payload) for message in messages}


def test_home_assistant_finds_occupancy_alarm_tamper_and_health() -> None:
    configs = found(commands=False)
    kinds = {(topic.split("/")[1], fields.get("device_class")) for topic, fields in configs.items()}
    assert kinds >= {("binary_sensor", one) for one in ("occupancy", "safety", "tamper", "problem", "running")}
    assert not [fields for fields in configs.values() if "command_topic" in fields]


def test_every_description_is_whole() -> None:
    configs = found(commands=True)
    assert len({fields["unique_id"] for fields in configs.values()}) == len(configs)
    for topic, fields in configs.items():
        assert re.fullmatch(r"homeassistant/[a-z_]+/[A-Za-z0-9_-]+/[A-Za-z0-9_-]+/config", topic)
        assert fields["availability_topic"] == TOPICS.status
        assert fields["device"]["identifiers"] == ["aislewatch-cam0001"]
        states = fields.get("state_topic")
        assert states is None or states.startswith(f"{TOPICS.base}/state/")
        assert states or fields["command_topic"]
        assert fields.get("command_topic", TOPICS.command) == TOPICS.command


def test_with_leave_the_siren_is_a_siren_and_the_lamp_is_only_shown() -> None:
    configs = found(commands=True)
    by_component = {topic.split("/")[1]: fields for topic, fields in configs.items()}
    siren = by_component["siren"]
    assert siren["state_topic"] == TOPICS.state("output/siren")
    assert '"do": "test_output"' in siren["command_template"]
    assert '"do": "output_off"' in siren["command_off_template"]
    assert {"select", "button"} <= by_component.keys()
    assert any("lamp" in topic for topic in configs if topic.split("/")[1] == "binary_sensor")


def test_a_retained_message_says_so() -> None:
    assert Message("a", b"").retain is False
