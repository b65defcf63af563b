"""The report of an incident: everything that is known about it, as JSON and as a page, with its clips, in one file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from agent.domain import Json
from agent.events.journal import Journal, Position
from agent.events.lines import event_fields, sentence, utc_text
from agent.events.wire import Body, EventBody, HealthBody, IncidentBody, Record, plain
from agent.evidence.manifest import MANIFEST, decode_manifest
from agent.evidence.page import report_page
from agent.evidence.parcel import CLIPS, TYPE, ParcelManifest, facts_of, pack
from agent.evidence.stills import still_name
from agent.evidence.verify import FolderSource, verify_clip
from agent.keys import PUBLIC, DeviceKey, PublicKey
from hal.ports import WallTime

AROUND_S = 60.0
ABOUT_ALL = frozenset(("till", "input", "output", "silence", "arming", "camera", "accelerator", "start", "stop"))
"""The kinds of events that belong to the time of an incident though they do not name it."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a report is about: the incident as people review it, why it is what it is, and the camera it comes from."""

    incident: Mapping[str, Any]
    explanation: Mapping[str, Any]
    camera: Mapping[str, Json]

    @property
    def id(self) -> str:
        return str(self.incident["id"])


async def around(journal: Journal, subject: Subject) -> list[Record]:
    """The journal's records from a minute before the incident to a minute after it, and all that name it.

    Before them comes what was wrong with the camera at the time: findings of the same run that still stood.
    """
    start_s = float(subject.incident["opened"]["utc_s"]) - AROUND_S
    end_s = float(subject.incident["changed"]["utc_s"]) + AROUND_S
    found: list[Record] = []
    standing: dict[str, Record] = {}
    place, last = Position(journal.head.epoch, 0), journal.head.last_seq
    while place.seq < last:
        part = await journal.read(place)
        for record in part.records:
            near = start_s <= record.utc_s <= end_s and _concerns(record.body)
            if near or _names(record, subject.id):
                found.append(record)
            elif record.utc_s < start_s:
                _follow(standing, record)
        place = Position(part.epoch, part.through)
    return [*standing.values(), *found]


def _follow(standing: dict[str, Record], record: Record) -> None:
    """Keep what is wrong with the camera up to date; a new run knows nothing of the one before."""
    body = record.body
    if isinstance(body, EventBody) and body.kind == "start":
        standing.clear()
    elif isinstance(body, HealthBody):
        standing.pop(body.what, None)
        if body.state in ("warning", "fault"):
            standing[body.what] = record


def _names(record: Record, incident: str) -> bool:
    """Whether a record is about this very incident."""
    body = record.body
    if isinstance(body, IncidentBody):
        return body.id == incident
    return isinstance(body, EventBody) and incident in (body.data.get("incident"), *_listed(body))


def _listed(body: EventBody) -> Sequence[Json]:
    listed = body.data.get("incidents")
    return listed if isinstance(listed, list) else ()


def _concerns(body: Body) -> bool:
    """Whether something belongs to any incident of its time."""
    return isinstance(body, HealthBody) or (isinstance(body, EventBody) and body.kind in ABOUT_ALL)


def report_facts(
    subject: Subject, records: Sequence[Record], clips: Sequence[Path], key: PublicKey, made: WallTime
) -> dict[str, Any]:
    """The report as JSON."""
    return {
        "type": "report",
        "incident": {**subject.incident},
        "explanation": {**subject.explanation},
        "camera": {**subject.camera, "key": key.fingerprint},
        "made": {"utc": utc_text(made.utc_s), "clock_synchronised": made.synchronised},
        "timeline": [_moment(record, subject.id) for record in records],
        "tills": [event_fields(r.body) for r in records if isinstance(r.body, EventBody) and r.body.kind == "till"],
        "health": [event_fields(r.body) for r in records if isinstance(r.body, HealthBody)],
        "clips": [_clip(folder, key) for folder in clips],
    }


def _moment(record: Record, incident: str) -> dict[str, Json]:
    return {
        "utc": utc_text(record.utc_s),
        "utc_s": round(record.utc_s, 3),
        "clock_synchronised": record.synchronised,
        "own": _names(record, incident),
        "text": sentence(_brief(record.body)),
    }


def _brief(body: Body) -> Body:
    """An event without what the report says elsewhere."""
    if isinstance(body, EventBody) and body.kind == "clip":
        return msgspec.structs.replace(body, data={key: body.data.get(key) for key in ("clip", "duration_s", "ended")})
    return body


def _clip(folder: Path, key: PublicKey) -> dict[str, Any]:
    manifest = decode_manifest((folder / MANIFEST).read_bytes())
    finding = verify_clip(FolderSource(folder), folder.name, key)
    return {
        "id": manifest.id,
        "video": msgspec.to_builtins(manifest.video),
        "start_utc": utc_text(manifest.video.start_utc_s),
        "stills": manifest.stills,
        "blurred": manifest.blurred,
        "privacy_masks": manifest.made_by.privacy_masks,
        "sound": finding.sound,
        "problems": [*finding.problems],
    }


def write_report(
    path: Path, subject: Subject, records: Sequence[Record], clips: Sequence[Path], key: DeviceKey, made: WallTime
) -> str:
    """Write the report at `path`; its manifest's incident is the answer. Raises OSError, WireError."""
    facts = report_facts(subject, records, clips, key.public, made)
    stills = dict(_stills(subject.id, clips))
    files: dict[str, bytes] = {
        "report.html": report_page(facts, stills).encode(),
        "report.json": msgspec.json.format(msgspec.json.encode(facts, enc_hook=plain), indent=1) + b"\n",
        PUBLIC: key.public.pem(),
    }
    for folder in clips:
        files |= {f"{CLIPS}{folder.name}/{file.name}": file.read_bytes() for file in sorted(folder.iterdir())}
    device = str(subject.camera.get("id", ""))
    manifest = ParcelManifest(TYPE, subject.id, made.utc_s, made.synchronised, device, facts_of(files))
    with path.open("wb") as out:
        pack(out, manifest, files, key)
    return subject.id


def _stills(incident: str, clips: Sequence[Path]) -> Iterator[tuple[str, bytes]]:
    """The pictures of this incident, by what they show."""
    for folder in clips:
        for which in ("onset", "peak", "end"):
            still = folder / still_name(incident, which)
            if still.exists():
                yield which, still.read_bytes()
