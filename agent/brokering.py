"""What this camera is at an MQTT broker: its states, how Home Assistant sees it, and the service that tells both."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict

from agent.domain import Json
from agent.health.board import ONVIF
from agent.hub.commands import CommandDesk
from agent.hub.identity import Identity
from agent.hub.mqtt.discovery import Described, descriptions
from agent.hub.mqtt.ordering import Ordering
from agent.hub.mqtt.outlet import Outlet, let_go
from agent.hub.mqtt.retained import Retained
from agent.hub.mqtt.service import MqttService
from agent.hub.mqtt.telling import Message, Topics, encoded
from agent.respond.alarm import SOUNDING
from agent.respond.alarms import OutputStatus
from agent.station import Station
from agent.vision.pipeline import Outcome

PASSING = ("state", "tls", "fp")
"""Public facts that may change while the camera lives."""
ABOUT_TAMPER = ("GlobalSceneChange", "ImageTooBlurry", "ImageTooDark", "ImageTooBright", "SignalLoss")
TAMPER = ("frozen", *(what for what, name in ONVIF.items() if name in ABOUT_TAMPER))
"""Findings that somebody may have brought about on purpose."""


def make_mqtt(station: Station, identity: Identity, commands: CommandDesk) -> MqttService | None:
    """The service; None where no broker is configured: then the journal keeps nothing for one any more."""
    config, journal = station.config.mqtt, station.journal
    if not config.host:
        let_go(journal)
        return None
    topics = Topics(config.topic, identity.id)
    states = States(station)
    station.desk.watch_frames(states.frame)
    return MqttService(
        config,
        topics,
        Outlet(journal, topics, onvif=config.onvif),
        Retained(journal, topics, _fixed(station, topics, identity), states.now),
        station.clock,
        Ordering(commands.take, station.clock) if config.commands else None,
    )


@asynccontextmanager
async def telling(service: MqttService | None) -> AsyncIterator[None]:
    """The service runs while this lasts."""
    if service is None:
        yield
        return
    async with service.running():
        yield


def _fixed(station: Station, topics: Topics, identity: Identity) -> list[Message]:
    config = station.config
    facts = {key: fact for key, fact in identity.facts().items() if key not in PASSING}
    fixed = [Message(topics.info, encoded({**facts, "name": config.camera.name}), retain=True)]
    if config.mqtt.home_assistant:
        zones, outputs = [zone.name for zone in config.zones], {one.name: one.role for one in config.outputs}
        camera = Described(config.camera.name, identity.model, identity.fw, zones, outputs)
        fixed += descriptions(topics, config.mqtt.discovery, camera, commands=config.mqtt.commands)
    return fixed


class States:
    """How things are now. `frame` belongs to the vision thread, `now` to the loop."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._people: Mapping[int, int] = {}

    def frame(self, outcome: Outcome) -> None:
        """Take the outcome of a frame, in microseconds."""
        self._people = Counter(zone for _, zone in outcome.stays)

    def now(self) -> dict[str, dict[str, Json]]:
        """Every state by its name."""
        station = self._station
        outputs, wish = station.alarms.status(), station.alarms.arming.wish
        health, wrong = station.health, station.health.standing()
        tampered: list[Json] = [what for what in wrong if what in TAMPER]
        return {
            **self._occupancy(),
            **{f"output/{output.name}": _output(output) for output in outputs},
            "alarm": _alarm(outputs),
            "arming": {**asdict(wish), "mode": str(wish.mode)},
            "tamper": {"on": bool(tampered), "what": tampered},
            "health": {"state": str(health.state()), "what": [*wrong]},
        }

    def _occupancy(self) -> dict[str, dict[str, Json]]:
        """How many people are in each zone; null while nothing is seen."""
        seen, people = self._station.capture.receiving, self._people
        zones = self._station.config.zones
        return {
            f"occupancy/{zone.name}": {"people": people.get(index, 0) if seen else None}
            for index, zone in enumerate(zones)
        }


def _output(output: OutputStatus) -> dict[str, Json]:
    return {
        "state": output.state,
        "sounding": output.state in SOUNDING,
        "role": output.role,
        "incident": output.incident,
        "barred": output.barred,
        "fault": output.fault,
    }


def _alarm(outputs: list[OutputStatus]) -> dict[str, Json]:
    """Whether anything sounds for an incident; a test is no alarm."""
    sounding = [output for output in outputs if output.incident and output.state in SOUNDING]
    incidents: list[Json] = [*dict.fromkeys(output.incident for output in sounding)]
    return {"on": bool(sounding), "outputs": [output.name for output in sounding], "incidents": incidents}
