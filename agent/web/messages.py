"""The messages of `/v1/live`: JSON objects of type scene, status, frame or event; places are 0..1 of the frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from agent.config import Config
from agent.domain import Json, Track
from agent.events.wire import plain
from agent.rules.zones import ZoneMap
from agent.tables.wiring import OutputConfig
from agent.web.feed import LiveFeed, Moment, Note, Rates
from hal.sources import without_password

RATES_EVERY_S = 0.5
FRESH_S = 0.05


def encode(message: Mapping[str, Json]) -> str:
    """A message as JSON text."""
    return msgspec.json.encode(message, enc_hook=plain).decode()


def scene_message(config: Config) -> dict[str, Json]:
    """What does not change while the camera runs."""
    return {
        "type": "scene",
        "camera": config.camera.name,
        "source": without_password(config.camera.source),
        "model": config.model.name,
        "size": [config.camera.width, config.camera.height],
        "zones": [
            {"name": zone.name, "kind": zone.kind, "polygon": [[*point] for point in zone.polygon]}
            for zone in config.zones
        ],
        "lines": [{"name": line.name, "points": [[*point] for point in line.points]} for line in config.lines],
        "masks": [
            {"what": what, "polygon": [[*point] for point in mask.polygon]}
            for what, masks in (
                ("privacy_mask", config.privacy_masks),
                ("motion_mask", config.motion_masks),
                ("object_mask", config.object_masks),
            )
            for mask in masks
        ],
        "outputs": [
            {"name": output.name, "pattern": output.pattern, **_rhythm(output)} for output in config.alarm_outputs
        ],
    }


def _rhythm(output: OutputConfig) -> dict[str, Json]:
    if output.pattern == "blink":
        return {"hz": output.hz}
    return {"on_s": output.on_s, "off_s": output.off_s} if output.pattern == "pulse" else {}


def status_message(facts: Mapping[str, Json]) -> dict[str, Json]:
    """The facts of the status bar."""
    return {"type": "status", "facts": {**facts}}


def note_message(note: Note, *, recent: bool) -> dict[str, Json]:
    """One line of the event list; `recent` where it happened before the viewer came."""
    return {
        "type": "event",
        "n": note.number,
        "at_s": round(note.at_s, 3),
        "synchronised": note.synchronised,
        "recent": recent,
        "fields": {**note.fields},
    }


class FrameMessages:
    """Makes the message of the newest frame, once for all viewers."""

    def __init__(self, feed: LiveFeed) -> None:
        self._feed = feed
        self._zones = ZoneMap([zone.polygon for zone in feed.config.zones])
        self._rates: tuple[float, Rates] | None = None
        self._made: tuple[int, float, str] = (-1, 0.0, "")

    def text(self) -> str:
        """The message of now, encoded."""
        moment, now_s = self._feed.latest, self._feed.clock.monotonic()
        number = moment.number if moment else 0
        if self._made[0] != number or now_s - self._made[1] > FRESH_S:
            self._made = number, now_s, encode(self.message(moment))
        return self._made[2]

    def message(self, moment: Moment | None) -> dict[str, Json]:
        """How things are now; without a moment there are no tracks. `age_s` is how old the picture is."""
        now_s = self._feed.clock.monotonic()
        rates = self._rates_at(now_s)
        message: dict[str, Json] = {
            "type": "frame",
            "fps": rates.fps,
            "stages_ms": {**rates.stages_ms},
            "dropped": rates.dropped,
            "outputs": self._outputs(),
            "incidents": [_incident(fields) for fields in self._feed.open_incidents.values()],
        }
        if moment is None:
            return message
        frame, tracks = moment.outcome.frame, moment.outcome.tracks
        return message | {
            "n": moment.number,
            "t_s": round(frame.t_s, 3),
            "age_s": round(max(0.0, now_s - moment.came_s), 2),
            "size": [frame.main.width, frame.main.height],
            "inferred": moment.outcome.inferred,
            "tracks": [_track(track) for track in tracks],
            "zones": self._occupancy(tracks),
        }

    def _rates_at(self, now_s: float) -> Rates:
        if self._rates is None or now_s - self._rates[0] >= RATES_EVERY_S:
            self._rates = now_s, self._feed.rates()
        return self._rates[1]

    def _outputs(self) -> list[Json]:
        return [
            {"name": output.name, "state": output.state, "on": output.on, "faulted": output.faulted}
            for output in self._feed.outputs_status()
        ]

    def _occupancy(self, tracks: Sequence[Track]) -> dict[str, Json]:
        """How many confirmed people stand in each zone in this frame."""
        held = [self._zones.at(track.foot) for track in tracks if track.confirmed]
        return {zone.name: sum(bits >> i & 1 for bits in held) for i, zone in enumerate(self._feed.config.zones)}


def _track(track: Track) -> dict[str, Json]:
    return {
        "id": track.id,
        "box": [_short(value) for value in track.box],
        "foot": [_short(value) for value in track.foot],
        "score": round(float(track.score), 2),
        "confirmed": track.confirmed,
        "seen": track.seen,
        "foot_seen": track.foot_seen,
    }


def _short(value: float) -> float:
    return round(float(value), 4)


def _incident(fields: Mapping[str, Json]) -> dict[str, Json]:
    known = ("id", "kind", "severity", "zone", "line", "tracks", "opened_s", "t_s")
    return {key: fields[key] for key in known if key in fields}
