"""The walk of one frame, from picture to alarm, in one hop on one thread.

    gate -> detector -> tracker -> other senses -> rules -> incidents -> alarm outputs
      '-> the picture's own health, once a second

The outputs are driven here, before anything is written or sent; the caller receives the outcome afterwards.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from agent.domain import Detection, Event, HealthSample, Incident, Json, Severity, Track
from agent.respond.alarms import AlarmBank
from agent.rules.engine import RuleEngine
from agent.rules.facts import Told
from agent.rules.incidents import IncidentBook
from agent.rules.senses import NOTHING, Senses
from agent.rules.zones import Stay, ZoneMap
from agent.vision.detector import Detector
from agent.vision.gate import Gate, GatePolicy
from agent.vision.handover import Handover
from agent.vision.tracker import Tracker
from hal.errors import AcceleratorLost
from hal.ports import Frame

log = logging.getLogger(__name__)

PROVEN_EVERY_S = 600.0
"""How often the detector looks at its reference picture: one look in hundreds, and ten minutes of garbage at most."""


@dataclass(frozen=True, slots=True)
class StageMs:
    """What one frame cost, by stage, in milliseconds; stages that did not run are 0."""

    gate: float = 0.0
    input: float = 0.0
    invoke: float = 0.0
    decode: float = 0.0
    track: float = 0.0
    senses: float = 0.0
    rules: float = 0.0
    alarm: float = 0.0
    health: float = 0.0
    frame: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a frame gave. `inferred` is false where the gate let it pass unseen; tracks and stays are then the last."""

    frame: Frame
    inferred: bool
    detections: Sequence[Detection]
    tracks: Sequence[Track]
    events: Sequence[Event]
    incidents: Sequence[Incident]
    times: StageMs
    stays: Mapping[tuple[int, int], Stay] = field(default_factory=dict)
    ended: Sequence[Stay] = ()
    health: Sequence[HealthSample] = ()


class Watcher(Protocol):
    """A sense besides tracks: looks at each inferred frame and adds what it finds."""

    @property
    def sense(self) -> str:
        """The field of `Senses` that it fills."""

    def look(self, frame: Frame, tracks: Sequence[Track], senses: Senses) -> Senses:
        """The senses so far, with its own. It must not fail: what it cannot find out it leaves None."""


class PictureCheck(Protocol):
    """Looks after the picture itself, on every frame; most of them cost it nothing."""

    @property
    def blind(self) -> str | None:
        """Why the picture cannot be trusted now, None while it can."""

    def check(self, frame: Frame, tracks: Sequence[Track]) -> Sequence[HealthSample]:
        """What has changed about the picture's health."""


@dataclass(slots=True)
class Parts:
    """What the walk is made of. `open_fallback` gives a detector on the CPU when the accelerator is lost, and is told
    how.
    """

    gate: Gate
    policy: GatePolicy
    detector: Detector
    tracker: Tracker
    handover: Handover
    rules: RuleEngine
    incidents: IncidentBook
    object_mask: ZoneMap
    open_fallback: Callable[[str], Detector]
    alarms: AlarmBank | None = None
    watchers: Sequence[Watcher] = ()
    picture: PictureCheck | None = None


def no_schedule() -> int | None:
    """The local minute of the week where there is none."""
    return None


def no_facts() -> Sequence[Told]:
    """What the sensors tell where there are none."""
    return ()


class Pipeline:
    """Walks frames. `monotonic` times the stages; `minute_of_week` is the shop's local time, for schedules.

    `take_facts` gives what the sensors told since it was last asked; a frame with such news is always looked at.
    """

    def __init__(
        self,
        parts: Parts,
        monotonic: Callable[[], float],
        minute_of_week: Callable[[], int | None] = no_schedule,
        take_facts: Callable[[], Sequence[Told]] = no_facts,
    ) -> None:
        self._parts = parts
        self._monotonic = monotonic
        self._minute_of_week = minute_of_week
        self._take_facts = take_facts
        self._tracks: Sequence[Track] = ()
        self._stays: Mapping[tuple[int, int], Stay] = {}
        self._last_inferred_s: float | None = None
        self._proven_s: float | None = None
        self._health: Sequence[HealthSample] = ()
        self._newer: Detector | None = None

    @property
    def detector(self) -> Detector:
        """The detector in use now."""
        return self._parts.detector

    @property
    def taller(self) -> float | None:
        """How many times as tall as the measured mount says people look; None while that is not known."""
        return self._parts.rules.taller

    def use(self, detector: Detector) -> None:
        """Go on with another detector from the next look on; from any thread."""
        self._newer = detector

    def pace(self, least_gap_s: float) -> None:
        """Leave so much time between two looks, to spare a hot board; from any thread."""
        self._parts.policy = replace(self._parts.policy, least_gap_s=least_gap_s)

    def process(self, frame: Frame) -> Outcome:
        """Walk one frame. `frame.t_s` must not run backwards."""
        start = self._monotonic()
        motion = self._parts.gate.update(frame.t_s, frame.lores.y)
        gated = self._monotonic()
        self._health = self._parts.picture.check(frame, self._tracks) if self._parts.picture else ()
        checked = self._monotonic()
        policy, people = self._parts.policy, bool(self._tracks)
        wanted = policy.wants_inference(frame.t_s, motion, people=people, last_inferred_s=self._last_inferred_s)
        if not self._hear() and not wanted:
            passed = self._monotonic()
            times = StageMs(gate=_ms(start, gated), health=_ms(gated, checked), frame=_ms(start, passed))
            return self._outcome(frame, times)
        self._last_inferred_s = frame.t_s
        return self._infer(frame, start, gated, checked)

    def finish(self, t_s: float) -> Sequence[Incident]:
        """Close what is open at the end of a run."""
        incidents = self._parts.incidents.close_all(t_s)
        if self._parts.alarms:
            self._parts.alarms.apply(incidents)
        return incidents

    def _hear(self) -> bool:
        """Pass on what the sensors told; true when it was anything."""
        facts = self._take_facts()
        for fact in facts:
            self._parts.rules.feed(fact)
        return bool(facts)

    def _infer(self, frame: Frame, start: float, gated: float, checked: float) -> Outcome:
        detections, troubles = self._detect(frame)
        detected = self._monotonic()
        tracks = self._parts.tracker.update(frame.t_s, detections)
        self._tracks = self._parts.handover.update(frame.t_s, tracks)
        tracked = self._monotonic()
        senses = self._sense(frame)
        sensed = self._monotonic()
        findings = self._parts.rules.update(frame.t_s, self._tracks, self._minute_of_week(), senses)
        incidents = self._parts.incidents.update(frame.t_s, findings.hits)
        held_back = self._parts.incidents.take_held_back()
        self._stays = findings.stays
        ruled = self._monotonic()
        if incidents and self._parts.alarms:
            self._parts.alarms.apply(incidents)
        end = self._monotonic()
        model = self._parts.detector.times
        times = StageMs(
            gate=_ms(start, gated),
            input=model.input_ms,
            invoke=model.invoke_ms,
            decode=model.decode_ms,
            track=_ms(detected, tracked),
            senses=_ms(tracked, sensed) if self._parts.watchers else 0.0,
            rules=_ms(sensed, ruled),
            alarm=_ms(ruled, end),
            health=_ms(gated, checked),
            frame=_ms(start, end),
        )
        events = (*troubles, *findings.events, *held_back)
        return self._outcome(frame, times, detections, events, incidents, findings.ended, inferred=True)

    def _detect(self, frame: Frame) -> tuple[list[Detection], list[Event]]:
        troubles = self._change_over(frame.t_s)
        try:
            self._prove(frame.t_s)
            found = self._parts.detector.detect(frame.lores)
        except AcceleratorLost as error:
            troubles.append(self._fall_back(frame.t_s, error))
            found = self._parts.detector.detect(frame.lores)
        return [d for d in found if not self._parts.object_mask.at(d.box.foot)], troubles

    def _sense(self, frame: Frame) -> Senses:
        senses = Senses(blind=self._parts.picture.blind) if self._parts.picture else NOTHING
        for watcher in self._parts.watchers:
            senses = watcher.look(frame, self._tracks, senses)
        return senses

    def _change_over(self, t_s: float) -> list[Event]:
        """Take the newer detector, if one waits."""
        newer, self._newer = self._newer, None
        if newer is None:
            return []
        self._parts.detector.close()
        self._parts.detector = newer
        return [Event("accelerator", t_s, data={"state": "back", "device": newer.accelerator_info.device})]

    def _prove(self, t_s: float) -> None:
        """See from time to time whether the detector still sees. Raises AcceleratorLost where it does no more.

        A detector was proven when it was opened.
        """
        if self._proven_s is None:
            self._proven_s = t_s
        if t_s - self._proven_s < PROVEN_EVERY_S:
            return
        self._proven_s = t_s
        was_blind = bool(self._parts.detector.blind)
        if (wrong := self._parts.detector.prove()) and not was_blind:
            raise AcceleratorLost(f"it gives wrong results: {wrong}")

    def _fall_back(self, t_s: float, error: AcceleratorLost) -> Event:
        log.warning("accelerator lost, going on with the CPU: %s", error)
        self._parts.detector.close()
        self._parts.detector = self._parts.open_fallback(str(error))
        data: dict[str, Json] = {"state": "lost", "fallback": "cpu", "error": str(error)}
        return Event("accelerator", t_s, Severity.WARNING, data)

    def _outcome(
        self,
        frame: Frame,
        times: StageMs,
        detections: Sequence[Detection] = (),
        events: Sequence[Event] = (),
        incidents: Sequence[Incident] = (),
        ended: Sequence[Stay] = (),
        *,
        inferred: bool = False,
    ) -> Outcome:
        stays, health = self._stays, self._health
        return Outcome(frame, inferred, detections, self._tracks, events, incidents, times, stays, ended, health)


def _ms(start_s: float, end_s: float) -> float:
    return (end_s - start_s) * 1e3
