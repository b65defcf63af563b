"""A walk test: somebody walks through every zone and over every line, and it is told what noticed them; pure.

A zone is triggered when a confirmed person stays in it by the rules' own measure, a line when one crosses it. The
incidents that open meanwhile tell which rules would have acted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agent.domain import Incident, IncidentState, Json
from agent.fitting.looks import Looks
from agent.rules.lines import LineWatch
from agent.rules.zones import Stay
from agent.tables.places import LineConfig, ZoneConfig
from agent.vision.pipeline import Outcome

MOST_INCIDENTS = 100


@dataclass(slots=True)
class Place:
    """A zone or line and what was seen there: `times` somebody came, first `after_s` of the test's beginning.

    `ways` are the directions in which a line was crossed; `rules` those that go by this place, with how many incidents
    each has opened.
    """

    what: str
    name: str
    rules: dict[str, int]
    times: int = 0
    after_s: float | None = None
    ways: list[str] = field(default_factory=list)

    @property
    def triggered(self) -> bool:
        return self.times > 0

    def note(self, after_s: float, way: str = "") -> None:
        """Somebody came."""
        self.times += 1
        self.after_s = self.after_s if self.after_s is not None else round(max(after_s, 0.0), 1)
        if way and way not in self.ways:
            self.ways.append(way)

    def facts(self) -> dict[str, Json]:
        """As JSON."""
        return {
            "what": self.what,
            "name": self.name,
            "triggered": self.triggered,
            "times": self.times,
            "after_s": self.after_s,
            "ways": [*self.ways],
            "rules": {**self.rules},
        }


class WalkTest:
    """One test, begun at `start_s`; `rules` are (name, zone or line) of those that are configured.

    `frame` may run on another thread than the rest: what it does is seen as a whole or not yet.
    """

    def __init__(
        self,
        zones: Sequence[ZoneConfig],
        lines: Sequence[LineConfig],
        rules: Sequence[tuple[str, str]],
        start_s: float,
        aspect: float,
    ) -> None:
        def going_by(name: str) -> dict[str, int]:
            return {rule: 0 for rule, place in rules if place == name}

        self.start_s = start_s
        self.frames = self.people = 0
        self.zones = [Place("zone", zone.name, going_by(zone.name)) for zone in zones]
        self.lines = [Place("line", line.name, going_by(line.name)) for line in lines]
        self.incidents: list[str] = []
        self.looks = Looks()
        self._watch = LineWatch(lines, aspect)
        self._stays: set[tuple[int, int, float]] = set()
        self._tracks: set[int] = set()

    @property
    def places(self) -> list[Place]:
        """All that is to be walked through."""
        return [*self.zones, *self.lines]

    @property
    def passed(self) -> bool:
        """Whether everything was triggered, and there was anything."""
        return bool(self.places) and all(place.triggered for place in self.places)

    def frame(self, outcome: Outcome) -> None:
        """A frame was walked."""
        self.frames += 1
        if not outcome.inferred:
            return
        self._tracks.update(track.id for track in outcome.tracks if track.confirmed)
        self.people = len(self._tracks)
        self.looks.frame(outcome.tracks)
        self._enter(outcome.stays)
        for crossing in self._watch.update(outcome.frame.t_s, outcome.tracks):
            self.lines[crossing.line].note(crossing.t_s - self.start_s, crossing.direction)

    def incident(self, incident: Incident) -> None:
        """An incident was opened, or went on."""
        if incident.state != IncidentState.OPEN or incident.id in self.incidents:
            return
        if len(self.incidents) < MOST_INCIDENTS:
            self.incidents.append(incident.id)
        for place in self.places:
            if incident.rule in place.rules and place.name in (incident.zone, incident.line):
                place.rules[incident.rule] += 1

    def facts(self) -> dict[str, Json]:
        """As JSON."""
        missing: list[Json] = [place.name for place in self.places if not place.triggered]
        return {
            "passed": self.passed,
            "missing": missing,
            "places": [place.facts() for place in self.places],
            "frames": self.frames,
            "people": self.people,
            "incidents": [*self.incidents],
            "looks": len(self.looks.kept),
            "measurable": self.looks.likely,
        }

    def _enter(self, stays: Mapping[tuple[int, int], Stay]) -> None:
        """Note the stays that are new; one that began before the test counts from its beginning."""
        for (track, zone), stay in stays.items():
            key = (track, zone, stay.entered_s)
            if key not in self._stays and zone < len(self.zones):
                self._stays.add(key)
                self.zones[zone].note(stay.entered_s - self.start_s)
