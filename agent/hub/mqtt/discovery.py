"""How Home Assistant finds the camera: one retained description for each thing that it can show or switch. Pure.

The camera is a device there: occupancy of each zone, alarm, tamper, health, and, where it takes commands, its sirens,
what arms it and what silences it. An order from there is good for some seconds only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from agent.domain import Json
from agent.hub.mqtt.telling import OFFLINE, ONLINE, Message, Topics, encoded

LIFE_S = 15
"""How long an order from there is good for."""
SIRENS = ("siren", "strobe", "speaker")
"""The roles of outputs that are switched as a siren."""
BY = "Home Assistant"


@dataclass(frozen=True, slots=True)
class Described:
    """What is told of the camera: its public facts, its zones, and its outputs with their roles."""

    name: str
    model: str
    fw: str
    zones: Sequence[str]
    outputs: Mapping[str, str]


def descriptions(topics: Topics, beginning: str, camera: Described, *, commands: bool) -> Iterator[Message]:
    """Everything that Home Assistant is to know, in the form of its MQTT discovery."""
    common = _common(topics, camera)
    for component, thing, own in _things(topics, camera, commands=commands):
        unique = f"aislewatch_{_id(topics.device)}_{_id(thing)}"
        fields = {"unique_id": unique, "object_id": unique, **own, **common}
        topic = f"{beginning}/{component}/aislewatch_{_id(topics.device)}/{_id(thing)}/config"
        yield Message(topic, encoded(fields), retain=True)


def _common(topics: Topics, camera: Described) -> dict[str, Json]:
    return {
        "availability_topic": topics.status,
        "payload_available": ONLINE.decode(),
        "payload_not_available": OFFLINE.decode(),
        "qos": 1,
        "device": {
            "identifiers": [f"aislewatch-{topics.device}"],
            "name": camera.name,
            "manufacturer": "Aislewatch",
            "model": camera.model,
            "sw_version": camera.fw,
        },
        "origin": {"name": "aislewatch", "sw_version": camera.fw},
    }


_Thing = tuple[str, str, dict[str, Json]]


def _things(topics: Topics, camera: Described, *, commands: bool) -> Iterator[_Thing]:
    for zone in camera.zones:
        yield from _zone(topics, zone)
    yield _binary(topics, "alarm", "Alarm", "safety", "value_json.on")
    yield _binary(topics, "tamper", "Tamper", "tamper", "value_json.on")
    yield _binary(topics, "health", "Health", "problem", "value_json.state in ['warning', 'fault']")
    yield _condition(topics)
    for name, role in camera.outputs.items():
        if role in SIRENS and commands:
            yield _siren(topics, name)
        else:
            yield _binary(topics, f"output/{name}", name, "running", "value_json.sounding")
    if commands:
        yield _arming(topics)
        yield _silence(topics)


def _zone(topics: Topics, zone: str) -> Iterator[_Thing]:
    what = f"occupancy/{zone}"
    someone = "none if value_json.people is none else ('ON' if value_json.people > 0 else 'OFF')"
    yield (
        "binary_sensor",
        what,
        {
            "name": f"{zone} occupancy",
            "device_class": "occupancy",
            "state_topic": topics.state(what),
            "value_template": f"{{{{ {someone} }}}}",
        },
    )
    yield (
        "sensor",
        f"people/{zone}",
        {
            "name": f"{zone} people",
            "state_topic": topics.state(what),
            "state_class": "measurement",
            "unit_of_measurement": "people",
            "icon": "mdi:account-multiple",
            "value_template": "{{ value_json.people }}",
        },
    )


def _binary(topics: Topics, what: str, name: str, device_class: str, test: str) -> _Thing:
    own: dict[str, Json] = {
        "name": name,
        "device_class": device_class,
        "state_topic": topics.state(what),
        "value_template": f"{{{{ 'ON' if {test} else 'OFF' }}}}",
        "json_attributes_topic": topics.state(what),
    }
    return "binary_sensor", what, own


def _condition(topics: Topics) -> _Thing:
    own: dict[str, Json] = {
        "name": "Condition",
        "device_class": "enum",
        "options": ["ok", "warning", "fault", "unknown"],
        "entity_category": "diagnostic",
        "state_topic": topics.state("health"),
        "value_template": "{{ value_json.state }}",
    }
    return "sensor", "condition", own


def _siren(topics: Topics, name: str) -> _Thing:
    seconds = "[duration | default(10, true) | float, 10] | min"
    on = f'{{"do": "test_output", "output": "{name}", "seconds": {seconds}, "confirm": true}}'
    off = f'{{"do": "output_off", "output": "{name}", "reason": "{BY}"}}'
    own: dict[str, Json] = {
        "name": name,
        "state_topic": topics.state(f"output/{name}"),
        "state_value_template": "{{ 'ON' if value_json.sounding else 'OFF' }}",
        "command_topic": topics.command,
        "command_template": _order(on),
        "command_off_template": _order(off),
        "support_duration": True,
        "support_volume_set": False,
    }
    return "siren", f"output/{name}", own


def _arming(topics: Topics) -> _Thing:
    own: dict[str, Json] = {
        "name": "Arming",
        "state_topic": topics.state("arming"),
        "value_template": "{{ value_json.mode }}",
        "options": ["schedule", "armed", "disarmed"],
        "command_topic": topics.command,
        "command_template": _order(f'{{"do": "arm", "mode": value, "reason": "{BY}"}}'),
    }
    return "select", "arming", own


def _silence(topics: Topics) -> _Thing:
    own: dict[str, Json] = {
        "name": "Silence",
        "command_topic": topics.command,
        "command_template": _order(f'{{"do": "silence", "reason": "{BY}"}}'),
    }
    return "button", "silence", own


def _order(order: str) -> str:
    """A template of Home Assistant's that makes a command, good from when it is given."""
    command = f'{{"order": {order}, "by": "{BY}", "expires_utc_s": now().timestamp() + {LIFE_S}}}'
    return f"{{{{ {command} | to_json }}}}"


def _id(word: str) -> str:
    """A word as a part of an id there: letters, digits, `_` and `-`; no two words give the same."""
    return re.sub(r"[^A-Za-z0-9_]", lambda found: f"-{ord(found[0]):02x}-", word)
