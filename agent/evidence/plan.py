"""Which stretches of video are wanted, and why: pure, by the times of incidents and of video alone.

An incident that opens begins a clip, or joins the one that runs. A clip lasts until `post_s` after the last of its
incidents closed, at most `most_s`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from agent.domain import Incident, IncidentState, Severity

MOST_INCIDENTS = 128
"""Of one clip: what is told of it names each with its pictures, and a message has its limits."""
BOOKMARK_S = 120.0
"""No memory holds video for longer: what an incident names from before that is gone."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How long before and after an incident is recorded, the longest clip, and the least severity."""

    pre_s: float = 5.0
    post_s: float = 5.0
    most_s: float = 300.0
    severity: Severity = Severity.INFO


@dataclass(slots=True)
class Want:
    """One clip that is wanted: from `start_s` until `until_s`, which is infinite while one of its incidents is open.

    `incidents` holds each as it was last told, by id. A clip that a person asked for has none, and a `reason`; so has
    one of a tampered camera, which is of some `grade` by itself.
    """

    id: str
    start_s: float
    limit_s: float
    reason: str = ""
    grade: Severity = Severity.INFO
    incidents: dict[str, Incident] = field(default_factory=dict)
    until_s: float = math.inf

    @property
    def end_s(self) -> float:
        """When it is over at the latest."""
        return min(self.until_s, self.limit_s)

    @property
    def severity(self) -> Severity:
        """The highest of its incidents', or its own."""
        return max([self.grade, *(incident.severity for incident in self.incidents.values())])

    @property
    def open(self) -> bool:
        """Whether an incident of it is open."""
        return any(incident.state != IncidentState.CLOSED for incident in self.incidents.values())


class ClipPlan:
    """The clips that are wanted now. `make_id` names a new one."""

    def __init__(self, terms: Terms, make_id: Callable[[], str]) -> None:
        self._terms = terms
        self._make_id = make_id
        self.wants: list[Want] = []

    def take(self, incident: Incident) -> Want | None:
        """An incident opened, changed or closed; a clip that begins with it is returned."""
        for want in self.wants:
            if incident.id in want.incidents:
                self._follow(want, incident)
                return None
        if incident.state != IncidentState.OPEN or incident.severity < self._terms.severity:
            return None
        want = self._running(incident.t_s) or self._begin(incident)
        begun = not want.incidents
        self._follow(want, incident)
        return want if begun else None

    def request(self, start_s: float, end_s: float, reason: str, grade: Severity = Severity.INFO) -> Want:
        """A person, or the camera itself, wants this stretch."""
        want = Want(self._make_id(), start_s, start_s + self._terms.most_s, reason, grade, until_s=end_s)
        self.wants.append(want)
        return want

    def take_over(self, t_s: float) -> list[Want]:
        """The clips that are over when video has come up to `t_s`; they are wanted no longer."""
        over = [want for want in self.wants if t_s >= want.end_s]
        self.wants = [want for want in self.wants if t_s < want.end_s]
        return over

    def _follow(self, want: Want, incident: Incident) -> None:
        want.incidents[incident.id] = incident
        want.until_s = math.inf if want.open else self._last_s(want) + self._terms.post_s

    def _last_s(self, want: Want) -> float:
        return max(incident.t_s for incident in want.incidents.values())

    def _running(self, t_s: float) -> Want | None:
        """A clip that can still hold a whole incident: one in the first half of its longest time, and not too full."""
        for want in self.wants:
            last_s = min(want.start_s + self._terms.most_s / 2, want.end_s)
            if 0 < len(want.incidents) < MOST_INCIDENTS and want.start_s <= t_s < last_s:
                return want
        return None

    def _begin(self, incident: Incident) -> Want:
        usual_s = incident.opened_s - self._terms.pre_s
        start_s = min(usual_s, _bookmarked_s(incident))
        want = Want(self._make_id(), start_s, usual_s + self._terms.most_s)
        self.wants.append(want)
        return want


def _bookmarked_s(incident: Incident) -> float:
    """Where the video begins that an incident itself names in its factors: what happened shortly before it opened."""
    match incident.factors.get("video_s"):
        case [float() | int() as start_s, float() | int()] if incident.opened_s - start_s <= BOOKMARK_S:
            return float(start_s)
    return math.inf
