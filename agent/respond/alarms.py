"""Drives the alarm outputs: at once from the vision thread, and on time from a thread of its own.

The vision thread sets the pin itself, with no disk, network or event loop before it. The alarm thread wakes for the
edges of patterns, the rungs of ladders and the limits, so that a siren ends on time even when everything else hangs.
Of all sirens only one sounds at a time; another waits for its end, and does not take over a cause that has used it up.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from agent.domain import Event, Incident, IncidentState, Json, Severity
from agent.errors import OperatorError
from agent.respond.alarm import Activation, Alarm, AlarmState
from agent.respond.arming import Arming
from agent.respond.ladders import Ladders, Want
from agent.tables.wiring import LadderConfig, OutputConfig
from hal.errors import OutputUnavailable
from hal.ports import Clock, Outputs

log = logging.getLogger(__name__)

MAX_SLEEP_S = 1.0
RETRY_S = 0.2
READBACK_S = 0.3
"""How long a relay may take until the line that is wired back follows."""
MAX_TEST_S = 10.0
SIREN = "siren"
INTERLOCK = "another siren sounds"


class UnknownOutput(OperatorError):
    """No output has that name."""


@dataclass(frozen=True, slots=True)
class OutputStatus:
    """One output as a person asks for it; `barred` says why it may not sound now."""

    name: str
    state: str
    on: bool
    faulted: bool
    incident: str | None
    role: str = "relay"
    barred: str = ""
    fault: str = ""


class AlarmBank:
    """All outputs. `report` receives an event for every activation that begins or ends; it must not block."""

    def __init__(
        self,
        configs: Sequence[OutputConfig],
        outputs: Outputs,
        clock: Clock,
        report: Callable[[Event], None],
        *,
        ladders: Sequence[LadderConfig] = (),
        arming: Arming | None = None,
    ) -> None:
        self._alarms = {config.name: Alarm(config) for config in configs}
        self._sirens = [alarm for alarm in self._alarms.values() if alarm.config.role == SIREN]
        self._ladders = Ladders(ladders)
        self._wants: dict[str, Want] = {}
        self.arming = arming or Arming()
        self._outputs = outputs
        self._clock = clock
        self._report = report
        self._levels: dict[str, bool | None] = dict.fromkeys(self._alarms)
        self._driven_s: dict[str, float] = {}
        self._wake = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="alarms", daemon=True)
        self.heartbeat_s = clock.monotonic()

    def start(self) -> None:
        """Switch everything off and begin to keep time."""
        with self._wake:
            self._drive(self._clock.monotonic())
        self._thread.start()

    def stop(self) -> None:
        """Switch everything off for good. Safe to call twice."""
        with self._wake:
            self._stopping = True
            now_s = self._clock.monotonic()
            self._wants.clear()
            for alarm in self._alarms.values():
                alarm.stop(now_s)
            self._drive(now_s)
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join(timeout=5.0)

    def apply(self, incidents: Iterable[Incident]) -> None:
        """Take incidents as they change: an open one triggers the outputs of its actions, a closed one clears them."""
        with self._wake:
            if self._stopping:
                return
            now_s = self._clock.monotonic()
            for incident in incidents:
                self._take(incident, now_s)
            self._turn(now_s)

    def silence(self, reason: str, name: str | None = None) -> list[str]:
        """End what sounds, or what one output sounds, for the incidents that are open now; says which outputs did.

        Raises OperatorError without a reason, UnknownOutput.
        """
        if not reason.strip():
            raise OperatorError("silencing needs a reason", hint='such as "false alarm, staff restocking"')
        with self._wake:
            chosen = [self._alarm(name)] if name else list(self._alarms.values())
            sounding = [alarm for alarm in chosen if alarm.sounding]
            now_s = self._clock.monotonic()
            for alarm in chosen:
                alarm.silence(now_s, reason)
            self._turn(now_s)
            return [alarm.config.name for alarm in sounding]

    def test(self, name: str, for_s: float, *, confirm: bool = False) -> None:
        """Try an output for some seconds, marked as a test. Raises UnknownOutput, OperatorError if it may not be."""
        if not 0 < for_s <= MAX_TEST_S:
            raise OperatorError(f"a test of {for_s:g} s is not possible", hint=f"up to {MAX_TEST_S:g} s")
        with self._wake:
            alarm = self._alarm(name)
            if alarm.config.role == SIREN and not confirm:
                raise OperatorError(f"{name} is a siren: everybody will hear it", hint="confirm that this is meant")
            now_s = self._clock.monotonic()
            self._permit(now_s)
            if not alarm.test(now_s, for_s):
                busy = "its hour is used up" if alarm.state == AlarmState.IDLE else f"it is {alarm.state}"
                hint = "try again when it is idle and armed"
                raise OperatorError(f"{name} cannot be tested now: {alarm.barred or busy}", hint=hint)
            self._turn(now_s)

    def rearm(self) -> None:
        """What a person said about arming has changed: follow it at once."""
        with self._wake:
            self._turn(self._clock.monotonic())

    def status(self) -> list[OutputStatus]:
        """Every output as it is now."""
        with self._wake:
            return [self._status(name, alarm) for name, alarm in self._alarms.items()]

    def _status(self, name: str, alarm: Alarm) -> OutputStatus:
        current = alarm.current()
        return OutputStatus(
            name=name,
            state=str(alarm.state),
            on=bool(self._levels[name]),
            faulted=bool(alarm.fault),
            incident=current.incident or None if current else None,
            role=alarm.config.role,
            barred=alarm.barred,
            fault=alarm.fault,
        )

    def _alarm(self, name: str) -> Alarm:
        if name not in self._alarms:
            raise UnknownOutput(f"no output is called {name!r}", hint="known: " + (", ".join(self._alarms) or "none"))
        return self._alarms[name]

    def _take(self, incident: Incident, now_s: float) -> None:
        if incident.state == IncidentState.CLOSED:
            self._wants.pop(incident.id, None)
            for alarm in self._alarms.values():
                alarm.clear(now_s, incident.id)
        elif incident.actions:
            before = self._wants.get(incident.id)
            self._wants[incident.id] = Want(incident, before.since_s if before else now_s)

    def _turn(self, now_s: float) -> None:
        self._drive(now_s)
        self._wake.notify()

    def _drive(self, now_s: float) -> None:
        self._permit(now_s)
        for incident, want in self._wants.items():
            for alarm in (self._alarms[name] for name in self._ladders.outputs(want, now_s) if name in self._alarms):
                alarm.trigger(now_s, incident)
                self._interlock(now_s)
        for name, alarm in self._alarms.items():
            if self._set(name, alarm.level(now_s)):
                self._check(name, now_s)
            for activation in alarm.take_changes():
                self._report(_event(activation))
        self.heartbeat_s = now_s

    def _permit(self, now_s: float) -> None:
        """Let sound what is armed, and of the sirens one."""
        for alarm in self._alarms.values():
            if alarm.config.role != SIREN:
                alarm.bar(now_s, self.arming.bar(alarm.config))
        self._interlock(now_s)

    def _interlock(self, now_s: float) -> None:
        if not self._sirens:
            return
        for siren in self._sirens:
            siren.advance(now_s)
        used_up = set().union(*(siren.spent() for siren in self._sirens))
        for siren in self._sirens:
            siren.forgo(used_up)
            others = any(other.sounding for other in self._sirens if other is not siren)
            siren.bar(now_s, self.arming.bar(siren.config) or (INTERLOCK if others else ""))

    def _set(self, name: str, on: bool) -> bool:
        """Drive a line where that is needed; a faulted one is driven again. False when it cannot be driven."""
        if on == self._levels[name] and not self._alarms[name].fault:
            return True
        try:
            self._outputs.set(name, on)
        except OutputUnavailable as error:
            self._fault(name, str(error), error.hint)
            return False
        if on != self._levels[name]:
            self._driven_s[name] = self._clock.monotonic()
        self._levels[name] = on
        return True

    def _check(self, name: str, now_s: float) -> None:
        """Compare a line that has settled with what is wired back from it."""
        level = self._levels[name]
        if level is None or now_s - self._driven_s[name] < READBACK_S:
            return
        try:
            seen = self._outputs.read(name)
        except OutputUnavailable as error:
            self._fault(name, str(error), error.hint)
            return
        if seen != level:
            words = ("off", "on")
            self._fault(name, f"driven {words[level]} but reads {words[seen]}", "check fuse, relay and wiring")
        else:
            self._mended(name)

    def _fault(self, name: str, what: str, hint: str) -> None:
        alarm = self._alarms[name]
        if not alarm.fault:
            log.error("output %s: %s %s", name, what, hint)
            data: dict[str, Json] = {"output": name, "state": "faulted", "error": what, "hint": hint}
            self._report(Event("output", self._clock.monotonic(), Severity.WARNING, data))
        alarm.fault = what

    def _mended(self, name: str) -> None:
        alarm = self._alarms[name]
        if alarm.fault:
            alarm.fault = ""
            self._report(Event("output", self._clock.monotonic(), data={"output": name, "state": "mended"}))

    def _run(self) -> None:
        with self._wake:
            while not self._stopping:
                now_s = self._clock.monotonic()
                self._drive(now_s)
                self._wake.wait(timeout=self._sleep_s(now_s))

    def _sleep_s(self, now_s: float) -> float:
        """Until something may change by itself; a level that is to be checked soon counts."""
        next_s = min((alarm.next_change_s(now_s) for alarm in self._alarms.values()), default=now_s + MAX_SLEEP_S)
        next_s = min(next_s, self._ladders.next_change_s(self._wants.values(), now_s))
        settling = any(now_s - since_s < READBACK_S for since_s in self._driven_s.values())
        faulted = any(alarm.fault for alarm in self._alarms.values())
        return min(max(next_s - now_s, 0.001), RETRY_S if faulted or settling else MAX_SLEEP_S)


def _event(activation: Activation) -> Event:
    """An activation as a fact for the journal."""
    data: dict[str, Json] = {
        "output": activation.output,
        "pattern": activation.pattern,
        "incident": activation.incident,
        "state": "active" if activation.end_s is None else "ended",
        "start_s": round(activation.start_s, 3),
    }
    if activation.test:
        data["test"] = True
    t_s = activation.start_s
    if activation.end_s is not None:
        t_s = activation.end_s
        data["end_s"] = round(activation.end_s, 3)
        data["ended"] = str(activation.ended)
    if activation.reason:
        data["reason"] = activation.reason
    return Event("output", t_s, Severity.INFO, data)
