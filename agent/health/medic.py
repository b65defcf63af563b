"""Heals the camera: sees what is wrong, climbs the ladder, tells of each step and takes it."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import msgspec

from agent.domain import Event, HealthSample, HealthState, Json, Severity
from agent.events.journal import Journal
from agent.events.wire import Item
from agent.health.cooling import Cooling
from agent.health.desk import HealthDesk
from agent.health.ladder import Act, Ladder, Purse, Step, Trouble
from agent.health.readings import Reading
from agent.vision.detector import Detector
from agent.vision.threads import CaptureThread, VisionThread
from hal.errors import HalError
from hal.ports import Clock, Powers

log = logging.getLogger(__name__)

KEY = "healing"
EVERY_S = 0.5
STUCK_S = 7.0
"""Longer than any wait that is as it should be, shorter than the watchdog's patience."""
STUCK_PART = 0.7
"""So much of the patience of a watchdog that was given more, as on an emulated board."""
DURABLE = frozenset((Step.RESTART, Step.REBOOT))
"""Steps that nobody may take whose count would be forgotten."""
WORDS = {
    Trouble.CAMERA_LOST: "the camera gives no picture",
    Trouble.CAMERA_STUCK: "the camera's driver does not come back",
    Trouble.FROZEN: "the picture is frozen",
    Trouble.ACCELERATOR_LOST: "the accelerator is lost",
    Trouble.VISION_STUCK: "the look at a frame does not end",
    Trouble.BLIND: "the model does not see",
}


@dataclass(frozen=True, slots=True)
class Patient:
    """What is looked after: `open_detector` opens the detector on its accelerator (None: there is none), `end` ends the
    process in order.

    `local_camera` is false where the camera is another device, which no restart here can mend.
    """

    capture: CaptureThread
    vision: VisionThread
    open_detector: Callable[[], Detector] | None
    end: Callable[[], None]
    powers: Powers
    local_camera: bool = True


class Medic:
    """Belongs to the loop. `allowed` are the steps that may be taken here; `restarting` says why the process ends.

    `patience_s` is for how long the watchdog waits, where there is one.
    """

    def __init__(
        self,
        patient: Patient,
        journal: Journal,
        clock: Clock,
        desk: HealthDesk,
        report: Callable[[Item], None],
        *,
        allowed: frozenset[Step] = frozenset(Step),
        spent: bytes | None = None,
        patience_s: float = 0.0,
    ) -> None:
        self._patient = patient
        self._journal = journal
        self._clock = clock
        self._desk = desk
        self._report = report
        self._allowed = allowed
        self._ladder = Ladder(_purse(spent))
        self._cooling = Cooling()
        self._stuck_s = max(STUCK_S, STUCK_PART * patience_s)
        self._lost = ""
        self._blind = ""
        self._opening = False
        self._given_up: Sequence[Trouble] = ()
        self.restarting: str | None = None

    async def run(self) -> None:
        """Heal until cancelled."""
        while True:
            await self.turn()
            await asyncio.sleep(EVERY_S)

    def start_degraded(self, why: str) -> None:
        """The accelerator could not be used at the start."""
        self._accelerator(why)

    def take(self, item: Item) -> None:
        """See an item go by: what the walk tells of its accelerator."""
        if isinstance(item, Event) and item.kind == "accelerator":
            self._accelerator("" if item.data["state"] == "back" else str(item.data["error"]))

    def look(self, readings: Sequence[Reading]) -> None:
        """See a minute's readings: a hot board looks at fewer frames."""
        temps = [reading for reading in readings if reading.metric == "soc_temp_c"]
        pipeline = self._patient.vision.pipeline
        if not temps or pipeline is None or not self._cooling.update(temps[0].t_s, temps[0].value):
            return
        gap_s = self._cooling.gap_s
        pipeline.pace(gap_s)
        data: dict[str, Json] = {"step": "pace", "trouble": "hot", "temp_c": temps[0].value}
        data["most_per_s"] = round(1 / gap_s, 1) if gap_s else None
        self._report(Event("healing", self._clock.monotonic(), Severity.WARNING if gap_s else Severity.INFO, data))

    async def turn(self) -> None:
        """Look at everything once, and take the steps that are due."""
        now_s, wall = self._clock.monotonic(), self._clock.wall()
        self._see_whether_it_sees(now_s)
        allowed = self._allowed if self._journal.head.durable else self._allowed - DURABLE
        for act in self._ladder.update(now_s, wall.utc_s, self.troubles(now_s), allowed):
            await self._take_step(act)
        self._tell_given_up(now_s)

    def troubles(self, now_s: float) -> dict[Trouble, str]:
        """What is wrong now, in words."""
        capture, vision = self._patient.capture, self._patient.vision
        busy_s = vision.busy_since_s if vision.pipeline else None
        frozen = self._desk.finding("frozen")
        found = {
            Trouble.CAMERA_LOST: capture.lost_since_s is not None and self._patient.local_camera,
            Trouble.CAMERA_STUCK: now_s - capture.heartbeat_s > self._stuck_s,
            Trouble.FROZEN: frozen is not None and frozen.state == HealthState.FAULT,
            Trouble.ACCELERATOR_LOST: bool(self._lost) and not self._opening,
            Trouble.VISION_STUCK: busy_s is not None and now_s - busy_s > self._stuck_s,
            Trouble.BLIND: bool(self._blind),
        }
        return {trouble: WORDS[trouble] for trouble, there in found.items() if there}

    async def _take_step(self, act: Act) -> None:
        """Tell, keep the count, and do it."""
        log.warning("%s: %s (%d)", act.reason, act.step, act.number)
        data: dict[str, Json] = {"step": act.step, "trouble": act.trouble, "reason": act.reason, "number": act.number}
        self._report(Event("healing", self._clock.monotonic(), Severity.WARNING, data))
        if act.step in DURABLE:
            await self._journal.keep(KEY, msgspec.json.encode(self._ladder.purse.spent))
        if act.step == Step.REOPEN:
            self._patient.capture.reopen()
        elif act.step == Step.ACCELERATOR:
            self._open_accelerator()
        elif act.step == Step.RESTART:
            self._restart(act.reason)
        else:
            await self._reboot(act.reason)

    def _restart(self, reason: str) -> None:
        self.restarting = reason
        self._patient.end()

    async def _reboot(self, reason: str) -> None:
        try:
            await asyncio.to_thread(self._patient.powers.reboot)
        except HalError as error:
            log.error("no reboot: %s %s", error, error.hint)
            data: dict[str, Json] = {"step": Step.REBOOT, "refused": str(error), "hint": error.hint}
            self._report(Event("healing", self._clock.monotonic(), Severity.WARNING, data))
        else:
            self._restart(f"{reason}: reboot")

    def _open_accelerator(self) -> None:
        """Try it on a thread of its own: a device may take a minute to say that it is dead."""
        loop, open_detector = asyncio.get_running_loop(), self._patient.open_detector
        if open_detector is None:
            return
        self._opening = True

        def work() -> None:
            detector: Detector | None = None
            try:
                detector = open_detector()
            except HalError as error:
                log.warning("the accelerator cannot be opened: %s", error)
            with suppress(RuntimeError):  # the loop is gone: nobody waits any more
                loop.call_soon_threadsafe(self._opened, detector)

        threading.Thread(target=work, name="accelerator", daemon=True).start()

    def _opened(self, detector: Detector | None) -> None:
        self._opening = False
        pipeline = self._patient.vision.pipeline
        if detector is None:
            return
        if detector.accelerator_info.degraded or detector.blind or pipeline is None:
            detector.close()
        else:
            pipeline.use(detector)

    def _accelerator(self, lost: str) -> None:
        """It was lost, or is back; told when it has changed."""
        if bool(lost) != bool(self._lost):
            now_s = self._clock.monotonic()
            state = HealthState.WARNING if lost else HealthState.OK
            detail = f"the CPU stands in: {lost}" if lost else ""
            self._report(HealthSample("accelerator", state, now_s, now_s, 1.0, detail))
        self._lost = lost

    def _see_whether_it_sees(self, now_s: float) -> None:
        """What the detector got wrong on its reference picture; told when that has changed."""
        pipeline = self._patient.vision.pipeline
        blind = pipeline.detector.blind if pipeline else ""
        if bool(blind) != bool(self._blind):
            state = HealthState.FAULT if blind else HealthState.OK
            self._report(
                HealthSample("model", state, now_s, now_s, 1.0, f"the model does not see: {blind}" * bool(blind))
            )
        self._blind = blind

    def _tell_given_up(self, now_s: float) -> None:
        """Say so when nothing more can be tried; an accelerator is tried again for ever."""
        given_up = [trouble for trouble in self._ladder.given_up if trouble != Trouble.ACCELERATOR_LOST]
        if given_up == [*self._given_up]:
            return
        self._given_up = given_up
        state = HealthState.FAULT if given_up else HealthState.OK
        detail = "; ".join(f"{WORDS[trouble]}, and every step allowed was tried" for trouble in given_up)
        self._report(HealthSample("healing", state, now_s, now_s, 1.0, detail))


def _purse(spent: bytes | None) -> Purse:
    """The budgets as they were kept; what cannot be read counts nothing."""
    try:
        return Purse(msgspec.json.decode(spent, type=dict[str, list[float]]) if spent else None)
    except msgspec.DecodeError:
        return Purse()
