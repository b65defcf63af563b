"""Events under their ONVIF names as JSON, in the manner of Profile M over MQTT. Pure.

Topics and fields are those of the ONVIF Core, Imaging, Device and Analytics service specifications: the topic without
its namespace behind `onvif-ej`, then `&` and the source's values.
"""

from __future__ import annotations

from typing import NamedTuple

from agent.domain import Json
from agent.events.lines import utc_text
from agent.events.wire import EventBody, HealthBody, IncidentBody, Record
from agent.health.board import ONVIF
from agent.hub.mqtt.telling import Message, Topics, encoded, level

HARDWARE = ("StorageFailure", "TemperatureCritical", "PowerSupplyFailure", "FanFailure")
SOURCE = "camera"
INSIDE = ("restricted", "after_hours")
_STATES = {"ok": False, "warning": True, "fault": True}


class _Named(NamedTuple):
    topic: str
    source: dict[str, str]
    data: dict[str, Json]


def onvif_message(topics: Topics, record: Record) -> Message | None:
    """The same under its ONVIF name; None for what has none."""
    named = _named(record)
    if named is None:
        return None
    levels = [topics.base, "onvif-ej", named.topic, "&", *map(level, named.source.values())]
    payload: dict[str, Json] = {
        "UtcTime": utc_text(record.utc_s),
        "Source": {**named.source},
        "Data": named.data,
    }
    return Message("/".join(levels), encoded(payload))


def _named(record: Record) -> _Named | None:
    match record.body:
        case HealthBody() as body:
            return _finding(body)
        case IncidentBody() as body:
            return _incident(body)
        case EventBody() as body:
            return _event(body)


def _finding(body: HealthBody) -> _Named | None:
    name, on = ONVIF.get(body.what), _STATES.get(body.state)
    if name is None or on is None:
        return None
    if name in HARDWARE:
        key = "Critical" if name == "TemperatureCritical" else "Failed"
        return _Named(f"Device/HardwareFailure/{name}", {"Token": body.what}, {key: on})
    service = "" if name == "SignalLoss" else "/ImagingService"
    return _Named(f"VideoSource/{name}{service}", {"Source": SOURCE}, {"State": on, "Cause": body.what})


def _incident(body: IncidentBody) -> _Named | None:
    source = {"VideoSource": SOURCE, "Rule": body.rule}
    person: dict[str, Json] = {"ObjectId": str(body.tracks[0])} if body.tracks else {}
    if body.kind == "loitering":
        if body.state != "open":
            return None
        return _Named("RuleEngine/LoiteringDetector/ObjectIsLoitering", source, person)
    if body.kind in INSIDE and body.state != "updated":
        return _Named("RuleEngine/FieldDetector/ObjectsInside", source, {**person, "IsInside": body.state == "open"})
    return None


def _event(body: EventBody) -> _Named | None:
    data = body.data
    match body.kind:
        case "line_crossing":
            source = {"VideoSource": SOURCE, "Rule": str(data.get("line", ""))}
            facts: dict[str, Json] = {"ObjectId": str(data.get("track", "")), "Direction": data.get("direction")}
            return _Named("RuleEngine/LineDetector/Crossed", source, facts)
        case "input":
            active = bool(data.get("active"))
            return _Named(
                "Device/Trigger/DigitalInput", {"InputToken": str(data.get("input"))}, {"LogicalState": active}
            )
        case "output" if data.get("state") in ("active", "ended"):
            state = "active" if data["state"] == "active" else "inactive"
            return _Named("Device/Trigger/Relay", {"RelayToken": str(data.get("output"))}, {"LogicalState": state})
    return None
