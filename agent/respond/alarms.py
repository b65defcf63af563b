"""Drives the alarm outputs: at once from the vision thread, and on time from a thread of its own.

The vision thread sets the pin itself, with no disk, network or event loop before it. The alarm thread wakes for the
edges of patterns and for the limits, so that a siren ends on time even when everything else hangs.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from agent.domain import Event, Incident, IncidentState, Json, Severity
from agent.respond.alarm import Activation, Alarm
from agent.tables.wiring import OutputConfig
from hal.errors import OutputUnavailable
from hal.ports import Clock, Outputs

log = logging.getLogger(__name__)

MAX_SLEEP_S = 1.0
RETRY_S = 0.2


@dataclass(frozen=True, slots=True)
class OutputStatus:
    """One output as a person asks for it."""

    name: str
    state: str
    on: bool
    faulted: bool
    incident: str | None


class AlarmBank:
    """All outputs. `report` receives an event for every activation that begins or ends; it must not block."""

    def __init__(
        self, configs: Sequence[OutputConfig], outputs: Outputs, clock: Clock, report: Callable[[Event], None]
    ) -> None:
        self._alarms = {config.name: Alarm(config) for config in configs}
        self._outputs = outputs
        self._clock = clock
        self._report = report
        self._levels: dict[str, bool | None] = dict.fromkeys(self._alarms)
        self._faulted: set[str] = set()
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
            self._drive(now_s)
            self._wake.notify()

    def status(self) -> list[OutputStatus]:
        """Every output as it is now."""
        with self._wake:
            return [self._status(name, alarm) for name, alarm in self._alarms.items()]

    def _status(self, name: str, alarm: Alarm) -> OutputStatus:
        current = alarm.current()
        on, faulted = bool(self._levels[name]), name in self._faulted
        return OutputStatus(name, str(alarm.state), on, faulted, current.incident if current else None)

    def _take(self, incident: Incident, now_s: float) -> None:
        for alarm in (self._alarms[name] for name in incident.actions if name in self._alarms):
            if incident.state == IncidentState.CLOSED:
                alarm.clear(now_s, incident.id)
                continue
            before = alarm.current()
            alarm.trigger(now_s, incident.id)
            current = alarm.current()
            if current and current != before:
                self._report(_event(current))

    def _drive(self, now_s: float) -> None:
        for name, alarm in self._alarms.items():
            self._set(name, alarm.level(now_s))
            for activation in alarm.take_ended():
                self._report(_event(activation))
        self.heartbeat_s = now_s

    def _set(self, name: str, on: bool) -> None:
        if on == self._levels[name] and name not in self._faulted:
            return
        try:
            self._outputs.set(name, on)
        except OutputUnavailable as error:
            self._fault(name, error)
            return
        self._faulted.discard(name)
        self._levels[name] = on

    def _fault(self, name: str, error: OutputUnavailable) -> None:
        if name not in self._faulted:
            self._faulted.add(name)
            log.error("output %s cannot be driven: %s %s", name, error, error.hint)
            data: dict[str, Json] = {"output": name, "state": "faulted", "error": str(error)}
            self._report(Event("output", self._clock.monotonic(), Severity.WARNING, data))

    def _run(self) -> None:
        with self._wake:
            while not self._stopping:
                now_s = self._clock.monotonic()
                self._drive(now_s)
                next_s = min((alarm.next_change_s(now_s) for alarm in self._alarms.values()), default=now_s + 1)
                longest_s = RETRY_S if self._faulted else MAX_SLEEP_S
                self._wake.wait(timeout=min(max(next_s - now_s, 0.001), longest_s))


def _event(activation: Activation) -> Event:
    """An activation as a fact for the journal."""
    data: dict[str, Json] = {
        "output": activation.output,
        "pattern": activation.pattern,
        "incident": activation.incident,
        "state": "active" if activation.end_s is None else "ended",
        "start_s": round(activation.start_s, 3),
    }
    t_s = activation.start_s
    if activation.end_s is not None:
        t_s = activation.end_s
        data["end_s"] = round(activation.end_s, 3)
        data["ended"] = str(activation.ended)
    return Event("output", t_s, Severity.INFO, data)
