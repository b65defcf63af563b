"""Failures foretold as the app runs it: readings become a history that is kept, and once a day forecasts are made."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, TypeVar

import msgspec

from agent.domain import Event, Json, Severity
from agent.events.journal import Filed, Journal
from agent.events.wire import Item
from agent.health.forecast import Forecast, Outlook, foretell
from agent.health.history import DAY_S, DAYS_KEPT, DayRecord, History
from agent.health.readings import Reading
from agent.health.service import Service, entry, last_served
from agent.health.telling import fields
from agent.health.tickets import Tickets
from agent.health.watched import KNOWN, WATCHED
from hal.ports import Clock

log = logging.getLogger(__name__)
T = TypeVar("T")

READINGS, SERVICES, KEY = "readings", "service", "forecasts"
KIND, SERVICE_KIND, REBASE_KIND = "forecast", "service", "rebase"
SEEN_PARTS = ("lens", "focus", "lamp")
KEEP_EVERY_S = 600.0
"""Seconds between two looks at the time; what has changed is written then, all at once: flash wears."""
CLOCK_EVERY_S = 30.0
JUMP_S = 300.0
MOST_SERVICES = 500
NOTHING = Outlook(None, None)


class Kept(msgspec.Struct):
    """What was told outlives the process: the day of the last forecasts, they themselves, and what is nearly told."""

    day: int
    told: list[dict[str, Any]]
    asked: dict[str, int]


class Foresight:
    """`take` may be called from any thread, everything else belongs to the running event loop.

    What `beside` gives, by the name under which the journal keeps it, is written along with the history.
    """

    def __init__(self, journal: Journal, clock: Clock, report: Callable[[Event], None]) -> None:
        self._journal = journal
        self._clock = clock
        self._report = report
        self._lock = threading.Lock()
        self._history = History()
        self._services: list[Service] = []
        self._unfiled: list[Service] = []
        self._tickets = Tickets()
        self._found: dict[str, Outlook] = {}
        self._day = -1
        self.beside: list[Callable[[], Mapping[str, bytes]]] = []
        self._looked_s = clock.monotonic()
        wall = clock.wall()
        self._ahead_s = wall.utc_s - clock.monotonic()
        self._sure = wall.synchronised

    @classmethod
    async def open(cls, journal: Journal, clock: Clock, report: Callable[[Event], None]) -> Foresight:
        """Go on from the last run; what cannot be read is left behind with a warning."""
        desk = cls(journal, clock, report)
        for filed in await journal.filed(READINGS, limit=DAYS_KEPT):
            if (day := _decoded(filed.value, DayRecord)) is not None:
                desk._history.restore(int(filed.key), day)
        services = (_decoded(filed.value, Service) for filed in await journal.filed(SERVICES, limit=MOST_SERVICES))
        desk._services = [one for one in services if one is not None]
        if (raw := await journal.kept(KEY)) and (kept := _decoded(raw, Kept)) is not None:
            desk._restore(kept)
        return desk

    def take(self, reading: Reading) -> None:
        """Take a reading, in microseconds."""
        with self._lock:
            if reading.t_s - self._looked_s >= CLOCK_EVERY_S:
                self._look(reading.t_s)
            self._history.take(reading.metric, reading.value, reading.t_s + self._ahead_s, self._sure)

    async def run(self) -> None:
        """Keep the history and foretell once a day, until cancelled."""
        while True:
            await self.turn()
            await asyncio.sleep(KEEP_EVERY_S)

    async def turn(self) -> None:
        """Write what has changed; when a day is over, look ahead."""
        with self._lock:
            self._look(self._clock.monotonic())
            now_s = self._clock.monotonic() + self._ahead_s
            self._history.turn(now_s, self._sure)
            self._history.trim(now_s)
        await self._keep(now_s)
        today = int(now_s // DAY_S) if self._sure else max(self._history.days, default=-1)
        if today != self._day:
            await self._look_ahead(today)

    async def close(self) -> None:
        """Keep the hour that is not over, before the journal is closed."""
        with self._lock:
            self._history.close_hour()
            now_s = self._clock.monotonic() + self._ahead_s
        await self._keep(now_s)

    async def serve(self, words: str, parts: list[str], by: str) -> Service:
        """Note in the service log, for good, what somebody did. Raises ValueError for an unknown part."""
        done = entry(self._clock.wall().utc_s, words, parts, by)
        self._note(done)
        await self._file_services()
        data: dict[str, Json] = {"words": words, "parts": [*done.parts], "by": by, "begins_anew": [*done.metrics]}
        self._report(Event(SERVICE_KIND, self._clock.monotonic(), data=data))
        return done

    def see(self, item: Item) -> None:
        """See an item go by: with another scene, what the picture tells of lens and lamp begins anew."""
        if isinstance(item, Event) and item.kind == REBASE_KIND:
            words, by = f"scene learned anew: {item.data.get('reason')}", str(item.data.get("by") or "")
            self._note(entry(self._clock.wall().utc_s, words, SEEN_PARTS, by))

    def services(self) -> list[dict[str, Json]]:
        """The service log, oldest first."""
        return [one.facts() for one in self._services]

    def forecasts(self) -> list[dict[str, Json]]:
        """What is foretold now, the nearest first."""
        told = sorted(self._tickets.told.values(), key=lambda one: (not one.due, one.lead_days))
        return [fields(one) for one in told]

    def history(self, metric: str) -> dict[str, Json] | None:
        """Everything about one metric, for a picture; None where none is known by that name."""
        if metric not in KNOWN:
            return None
        with self._lock:
            daily: list[Json] = [[day * DAY_S, value] for day, value in self._history.daily(metric)]
            hourly: list[Json] = [[begun_s, value] for begun_s, value in self._history.hourly(metric)]
        watched, told = WATCHED.get(metric), self._tickets.told.get(metric)
        found = self._found.get(metric, NOTHING)
        step = found.step
        fixed = watched.threshold if watched and not watched.relative else None
        threshold = told.threshold if told else fixed if found.threshold is None else found.threshold
        return {
            "metric": metric, "unit": KNOWN[metric].unit, "words": KNOWN[metric].words, "bad": KNOWN[metric].bad,
            "threshold": threshold, "daily": daily, "hourly": hourly,
            "forecast": fields(told) if told else None,
            "step": {"utc_s": step.day * DAY_S, "size": step.size} if step else None,
            "services": [one.facts() for one in self._services if not watched or metric in one.metrics],
        }  # fmt: skip

    def metrics(self) -> list[str]:
        """The metrics of which a history is known."""
        with self._lock:
            return self._history.metrics()

    def _look(self, t_s: float) -> None:
        """Look at the wall clock; readings are labelled by how far it is ahead of the monotonic one."""
        wall, now_s = self._clock.wall(), self._clock.monotonic()
        moved_s = wall.utc_s - now_s - self._ahead_s
        self._looked_s, self._ahead_s = t_s, wall.utc_s - now_s
        if abs(moved_s) > JUMP_S or wall.synchronised != self._sure:
            self._history.moved(moved_s, wall.synchronised)
        self._sure = wall.synchronised
        if self._sure and moved_s < -JUMP_S:
            self._history.forget_after(wall.utc_s)

    def _note(self, done: Service) -> None:
        self._services = [*self._services, done][-MOST_SERVICES:]
        self._unfiled.append(done)
        for metric in done.metrics:
            if (over := self._tickets.forget(metric)) is not None:
                self._tell(over, over=True)

    async def _file_services(self) -> None:
        done, self._unfiled = self._unfiled, []
        records = [Filed(f"{one.utc_s:.6f}", one.utc_s, msgspec.msgpack.encode(one)) for one in done]
        if records:
            await self._journal.file(SERVICES, records)

    async def _keep(self, now_s: float) -> None:
        await self._file_services()
        with self._lock:
            changed, self._history.changed = sorted(self._history.changed), set()
            records = [(day, self._history.record(day)) for day in changed]
        filed = [Filed(str(day), float(day * DAY_S), msgspec.msgpack.encode(record)) for day, record in records]
        values = {key: value for more in self.beside for key, value in more().items()}
        if filed or values:
            await self._journal.file(READINGS, filed, values)
        if filed and self._sure:
            await self._journal.trim(READINGS, now_s - DAYS_KEPT * DAY_S)

    async def _look_ahead(self, today: int) -> None:
        """Make today's forecasts of the whole days before, and tell what is new."""
        found = await asyncio.to_thread(self._outlooks, today)
        self._day = today
        self._found = found
        known = {metric: one.forecast for metric, one in found.items()}
        for forecast, stands in self._tickets.update(today, known):
            self._tell(forecast, over=not stands)
        told = [asdict(one) for one in self._tickets.told.values()]
        await self._journal.keep(KEY, msgspec.msgpack.encode(Kept(today, told, self._tickets.asked)))

    def _outlooks(self, today: int) -> dict[str, Outlook]:
        with self._lock:
            series = {metric: self._history.series(metric, today) for metric in WATCHED}
        services = [*self._services]
        return {
            metric: foretell(one, series[metric], today, last_served(services, one)) for metric, one in WATCHED.items()
        }

    def _tell(self, forecast: Forecast, *, over: bool) -> None:
        severity = Severity.WARNING if forecast.due and not over else Severity.INFO
        data = fields(forecast) | ({"state": "over"} if over else {})
        self._report(Event(KIND, self._clock.monotonic(), severity, data))

    def _restore(self, kept: Kept) -> None:
        self._day = kept.day
        self._tickets.asked = dict(kept.asked)
        for told in kept.told:
            try:
                forecast = msgspec.convert(told, Forecast)
            except msgspec.ValidationError as error:
                log.warning("a forecast of the last run cannot be read: %s", error)
                continue
            if forecast.metric in WATCHED:
                self._tickets.told[forecast.metric] = forecast


def _decoded(raw: bytes, kind: type[T]) -> T | None:
    try:
        return msgspec.msgpack.decode(raw, type=kind)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        log.warning("a part of the camera's history cannot be read and is left out: %s", error)
        return None
