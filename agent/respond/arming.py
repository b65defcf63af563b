"""Whether the outputs may sound: by each one's schedule, and by what a person said last."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from agent.events.journal import Journal
from agent.rules.schedule import is_on
from agent.tables.schedule import ScheduleConfig
from agent.tables.wiring import OutputConfig

log = logging.getLogger(__name__)

KEY = "arming"


class ArmingMode(StrEnum):
    """What a person said: as scheduled, armed whatever the schedule, or not at all."""

    SCHEDULE = "schedule"
    ARMED = "armed"
    DISARMED = "disarmed"


@dataclass(frozen=True, slots=True)
class Wish:
    """A person's word, who gave it and why; `until_utc_s` is when it ends by itself, None for not at all."""

    mode: ArmingMode = ArmingMode.SCHEDULE
    by: str = ""
    reason: str = ""
    until_utc_s: float | None = None


class Arming:
    """Asked by the alarm bank at every turn. `minute_of_week` is local time, `utc_s` the wall clock."""

    def __init__(
        self,
        schedules: Iterable[ScheduleConfig] = (),
        minute_of_week: Callable[[], int | None] = lambda: None,
        utc_s: Callable[[], float] = lambda: 0.0,
        wish: Wish | None = None,
    ) -> None:
        self._schedules: Mapping[str, ScheduleConfig] = {schedule.name: schedule for schedule in schedules}
        self._minute_of_week = minute_of_week
        self._utc_s = utc_s
        self._wish = wish or Wish()

    @property
    def wish(self) -> Wish:
        """What holds now; a word whose time is over is forgotten."""
        until = self._wish.until_utc_s
        if until is not None and self._utc_s() >= until:
            self._wish = Wish()
        return self._wish

    def say(self, wish: Wish) -> None:
        """Take a person's word."""
        self._wish = wish

    def bar(self, output: OutputConfig) -> str:
        """Why an output may not sound now; empty when it may."""
        mode = self.wish.mode
        if output.always or mode == ArmingMode.ARMED:
            return ""
        if mode == ArmingMode.DISARMED:
            return "disarmed"
        minute = self._minute_of_week()
        if output.schedule is None or minute is None or is_on(self._schedules[output.schedule], minute):
            return ""
        return "outside its schedule"


async def kept_wish(journal: Journal) -> Wish:
    """What was said before the last restart; what cannot be read counts as nothing said, with a warning."""
    raw = await journal.kept(KEY)
    try:
        return Wish() if raw is None else msgspec.json.decode(raw, type=Wish)
    except msgspec.DecodeError as error:
        log.warning("what was said about arming cannot be read, outputs go by their schedules: %s", error)
        return Wish()


async def keep_wish(journal: Journal, wish: Wish) -> None:
    """Let a word survive a restart."""
    await journal.keep(KEY, msgspec.json.encode(wish))
