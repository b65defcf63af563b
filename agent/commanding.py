"""What this camera does when a hub orders it: every order there is, by the desks that the API uses too."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent.config_file import digest_of
from agent.config_text import places_in, with_places
from agent.errors import OperatorError
from agent.events.orders import (
    MAX_CONFIG,
    Annotate,
    Arm,
    Clip,
    Decide,
    GetConfig,
    GetZones,
    HintTime,
    Order,
    OutputOff,
    Rebase,
    Restart,
    SetConfig,
    SetZones,
    Silence,
    Snapshot,
    TryOutput,
)
from agent.events.wire import Capabilities
from agent.evidence.desk import TYPES, EvidenceDesk
from agent.fitting.configuration import ConfigDesk, Wish
from agent.health.desk import rebase
from agent.home import Home
from agent.hub.attachments import Attachments, OpenClip, StoredFile
from agent.hub.commands import Asker, CommandDesk, Failed, Handler
from agent.hub.results import ResultBook
from agent.hub.services import LinkServices
from agent.respond.arming import ArmingMode
from agent.respond.desk import OutputsDesk
from agent.review.entry import Entry
from agent.rule_config import RULE_TABLES
from agent.station import Station
from agent.web.picture import PictureStream

SNAPSHOT_S = 3.0
"""How long a snapshot waits for a picture."""


async def make_services(station: Station, pictures: PictureStream, home: Home) -> LinkServices:
    """What the camera's links offer beside its journal. Raises JournalError."""
    evidence = EvidenceDesk(station.evidence, station.clock) if station.evidence else None
    attachments = Attachments(_opener(evidence) if evidence else None)
    deeds = Deeds(station, home, pictures, attachments, evidence)
    book = await ResultBook.open(station.journal)
    commands = CommandDesk(deeds.handlers(), book, station.clock.monotonic, station.desk.report)
    return LinkServices(commands, attachments, lambda: _capabilities(station, commands, attachments))


def _opener(desk: EvidenceDesk) -> OpenClip:
    async def opened(clip_id: str, name: str, who: str) -> StoredFile:
        path = await desk.file(clip_id, name, who=who)
        facts = await asyncio.to_thread(path.stat)
        return StoredFile(path, facts.st_size, TYPES[path.suffix])

    return opened


def _capabilities(station: Station, commands: CommandDesk, attachments: Attachments) -> Capabilities:
    config = station.config
    models = {"person": config.model.name} | ({"pose": config.pose.model} if config.pose.model else {})
    return Capabilities(
        rules=sorted(RULE_TABLES),
        outputs={output.name: output.role for output in config.outputs},
        models=models,
        evidence=str(station.evidence.facts()["method"]) if station.evidence else "off",
        attachments=attachments.kinds(),
        commands=commands.versions(),
    )


@dataclass(frozen=True, slots=True)
class Deeds:
    """A method for each order: it returns the result's data or raises OperatorError."""

    station: Station
    home: Home
    pictures: PictureStream
    attachments: Attachments
    evidence: EvidenceDesk | None

    def handlers(self) -> dict[type[Order], Handler]:
        """Who does what."""
        return {
            Arm: self.arm,
            Silence: self.silence,
            TryOutput: self.test_output,
            OutputOff: self.output_off,
            Snapshot: self.snapshot,
            Clip: self.clip,
            GetConfig: self.get_config,
            SetConfig: self.set_config,
            GetZones: self.get_zones,
            SetZones: self.set_zones,
            HintTime: self.hint_time,
            Rebase: self.rebase,
            Restart: self.restart,
            Decide: self.decide,
            Annotate: self.annotate,
        }

    @property
    def outputs(self) -> OutputsDesk:
        """The desk of the outputs."""
        station = self.station
        return OutputsDesk(station.alarms, station.journal, station.clock, station.desk.report)

    @property
    def config(self) -> ConfigDesk:
        """The desk of the configuration."""
        return ConfigDesk(self.home)

    async def arm(self, order: Arm, asker: Asker) -> Mapping[str, Any]:
        """Arm, disarm or go by the schedules."""
        mode = ArmingMode(order.mode)
        wish = await self.outputs.arm(mode, reason=order.reason, for_s=order.for_s, by=asker.who)
        return {"mode": str(wish.mode), "until_utc_s": wish.until_utc_s}

    async def silence(self, order: Silence, asker: Asker) -> Mapping[str, Any]:
        """End what sounds."""
        return {"silenced": self.outputs.silence(order.reason, order.output, by=asker.who)}

    async def test_output(self, order: TryOutput, asker: Asker) -> Mapping[str, Any]:
        """Try an output."""
        self.outputs.test(order.output, order.seconds, confirm=order.confirm, by=asker.who)
        return {"testing": order.output, "seconds": order.seconds}

    async def output_off(self, order: OutputOff, asker: Asker) -> Mapping[str, Any]:
        """Switch one output off, whether it is tested or sounds for an incident."""
        return {"silenced": self.outputs.silence(order.reason, order.output, by=asker.who)}

    async def snapshot(self, order: Snapshot, asker: Asker) -> Mapping[str, Any]:
        """Hold the newest picture for the hub; that somebody looks is audited with the command."""
        picture = await self.pictures.next(SNAPSHOT_S)
        if picture is None:
            raise Failed("the camera gives no picture at present")
        return {"what": self.attachments.keep(picture.jpeg), "bytes": len(picture.jpeg)}

    async def clip(self, order: Clip, asker: Asker) -> Mapping[str, Any]:
        """Bring a stretch of time."""
        if self.evidence is None:
            raise OperatorError("no evidence is kept here", hint="its key or its disk fails: see the camera's health")
        return await self.evidence.bring(order.start, order.end, order.reason, by=asker.who)

    async def get_config(self, order: GetConfig, asker: Asker) -> Mapping[str, Any]:
        """The file as it is."""
        shown = await self.config.shown()
        if len(shown["text"]) > MAX_CONFIG:
            raise Failed(f"the configuration has {len(shown['text'])} characters, more than a link carries")
        return shown

    async def set_config(self, order: SetConfig, asker: Asker) -> Mapping[str, Any]:
        """Try a whole configuration."""
        return await self._try_out(order.text, order.reason, order.base, asker)

    async def get_zones(self, order: GetZones, asker: Asker) -> Mapping[str, Any]:
        """The zones and lines of the file."""
        text = await self.config.text()
        return {**places_in(text), "sha256": digest_of(text)}

    async def set_zones(self, order: SetZones, asker: Asker) -> Mapping[str, Any]:
        """Try other zones or lines."""
        text = with_places(await self.config.text(), order.zones, order.lines)
        return await self._try_out(text, order.reason, order.base, asker)

    async def hint_time(self, order: HintTime, asker: Asker) -> Mapping[str, Any]:
        """Label by the hub's time while nobody vouches for ours."""
        return {"off_by_s": round(self.station.journal.hint_time(order.utc_s), 3)}

    async def rebase(self, order: Rebase, asker: Asker) -> Mapping[str, Any]:
        """Learn the scene anew."""
        station = self.station
        rebase(station.picture, station.desk.report, station.clock.monotonic(), order.reason, asker.who)
        return {"learning": True}

    async def restart(self, order: Restart, asker: Asker) -> Mapping[str, Any]:
        """Begin another life."""
        return self.config.restart()

    async def decide(self, order: Decide, asker: Asker) -> Mapping[str, Any]:
        """Confirm or dismiss an incident."""
        keeper = self.station.review.keeper
        try:
            entry = await keeper.decide(
                order.incident, order.decision, by=asker.who, reason=order.reason, note=order.note
            )
        except KeyError:
            raise _unknown(order.incident) from None
        return self.station.review.told(entry)

    async def annotate(self, order: Annotate, asker: Asker) -> Mapping[str, Any]:
        """Write a note on an incident."""
        try:
            entry: Entry = await self.station.review.keeper.annotate(order.incident, order.text, by=asker.who)
        except KeyError:
            raise _unknown(order.incident) from None
        return self.station.review.told(entry)

    async def _try_out(self, text: str, reason: str, base: str | None, asker: Asker) -> Mapping[str, Any]:
        """A hub that asks has to link again under the new configuration for it to be kept."""
        told = await self.config.try_out(text, Wish(reason, asker.who, base, linked=True))
        return {key: told[key] for key in ("sha256", "trial_s", "restarts")}


def _unknown(incident: str) -> OperatorError:
    return OperatorError(f"no incident {incident[:80]!r} is kept here")
