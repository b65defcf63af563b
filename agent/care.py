"""The camera's care for itself, made from its configuration and wired: board, healing, lives, the day's digest."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from agent.config import Config
from agent.desk import Desk
from agent.domain import Event, HealthSample, HealthState, Severity
from agent.events.journal import Journal
from agent.health import days, medic
from agent.health.days import DayBook
from agent.health.desk import HealthDesk
from agent.health.figures import WalkFigures
from agent.health.foresight import Foresight
from agent.health.ladder import Step
from agent.health.life import LifeBook
from agent.health.medic import Medic, Patient
from agent.health.sampling import Sampling
from agent.health.watch_board import BoardWatch
from hal.ports import Clock, Hal
from hal.system import ServiceManager


@dataclass(slots=True)
class Care:
    """What looks after the camera; `restarting` says why it wants to be started anew, None while it does not."""

    life: LifeBook
    board: BoardWatch
    medic: Medic | None
    days: DayBook
    foresight: Foresight
    end: Callable[[], None]
    _leaving: str | None = field(default=None, init=False)

    @property
    def restarting(self) -> str | None:
        """Why the camera wants to be started anew."""
        return self._leaving or (self.medic.restarting if self.medic else None)

    def chores(self) -> list[Coroutine[Any, Any, None]]:
        """What runs on the loop as long as the camera does."""
        always = [self.board.run(), self.days.run(), self.foresight.run(), self._live()]
        return [*always, *([self.medic.run()] if self.medic else [])]

    async def resume(self, why: str) -> bool:
        """Leave safe mode: the next life sees again. False when this one does."""
        if not self.life.safe:
            return False
        await self.life.lasting()
        self._leaving = why
        self.end()
        return True

    async def _live(self) -> None:
        await self.life.run()
        await self.resume("an hour in safe mode went well")


async def make_care(
    config: Config,
    hal: Hal,
    journal: Journal,
    desk: Desk,
    health: HealthDesk,
    life: LifeBook,
    figures: WalkFigures,
    patient: Patient,
) -> Care:
    """Make and wire it; nothing runs yet. A safe life has no medic: nothing is done that could need healing."""
    clock = hal.clock
    board = BoardWatch(hal.board, clock, Sampling(config.health.storage_tb), figures.take, _reporter(desk))
    kept_day = await journal.kept(days.KEY)
    zone, hour = config.camera.time_zone, config.health.digest_hour
    day_book = DayBook(journal, clock, health, desk.report, zone, hour, kept_day)
    board.looks.append(day_book.look)
    desk.watch(day_book.take)
    desk.watch_frames(figures.frame)
    foresight = await Foresight.open(journal, clock, desk.report)
    foresight.beside.append(day_book.unkept)
    board.sinks.append(foresight.take)
    desk.watch(foresight.see)
    health.forecasts = foresight.forecasts
    health.readings, health.missing = lambda: board.latest, lambda: board.missing
    healer = None if life.safe else await _make_medic(config, hal, journal, desk, health, patient)
    if healer:
        board.looks.append(healer.look)
        desk.watch(healer.take)
    else:
        _tell_of_safety(desk, clock, life.safe)
    return Care(life, board, healer, day_book, foresight, patient.end)


async def _make_medic(
    config: Config, hal: Hal, journal: Journal, desk: Desk, health: HealthDesk, patient: Patient
) -> Medic:
    spent = await journal.kept(medic.KEY)
    return Medic(
        patient,
        journal,
        hal.clock,
        health,
        desk.report,
        allowed=allowed_steps(config),
        spent=spent,
        patience_s=ServiceManager().watchdog_patience_s or 0.0,
    )


def allowed_steps(config: Config) -> frozenset[Step]:
    """What may be done here: a process ends itself only where it is started anew, a reboot has to be wished for."""
    supervised = ServiceManager().present
    steps = {Step.REOPEN, Step.ACCELERATOR}
    if supervised:
        steps.add(Step.RESTART)
        steps |= {Step.REBOOT} if config.health.reboot else set()
    return frozenset(steps)


def is_local(source: str) -> bool:
    """Whether the camera is part of this computer, or plugged into it."""
    return source in ("simulated", "picamera") or source.startswith("/dev/")


def _reporter(desk: Desk) -> Callable[[HealthSample], None]:
    """The journal tells itself when it cannot write; here that is only shown."""

    def report(sample: HealthSample) -> None:
        (desk.show if sample.what == "StorageFailure" else desk.report)(sample)

    return report


def _tell_of_safety(desk: Desk, clock: Clock, why: str) -> None:
    now_s = clock.monotonic()
    desk.report(Event("safe_mode", now_s, Severity.WARNING, {"why": why}))
    desk.report(HealthSample("safe_mode", HealthState.FAULT, now_s, now_s, 1.0, f"nothing is seen: {why}"))
