"""Carries what the rules remember over a restart, through the journal's database.

The rules live on the vision thread, so the snapshot is made there, once in `EVERY_S` and within `LOOK_S` of a change in
what the rules have counted; the loop writes it. A visit counted before a power cut still counts after it.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import msgspec

from agent.domain import Json
from agent.events.journal import Journal
from agent.rules.engine import RuleEngine
from hal.ports import Clock

log = logging.getLogger(__name__)

KEY = "rules"
EVERY_S = 60.0
LOOK_S = 1.0


class Kept(msgspec.Struct, frozen=True):
    """A snapshot as it lies in the database, with the wall time of its making."""

    utc_s: float
    state: dict[str, Any]


class RuleMemory:
    """Made on the loop by `load`; `attach` and `frame` belong to the vision thread, a last `keep` comes after it."""

    def __init__(self, journal: Journal, clock: Clock, kept: Kept | None) -> None:
        self._journal = journal
        self._clock = clock
        self._kept = kept
        self._loop = asyncio.get_running_loop()
        self._due_s = clock.monotonic() + EVERY_S
        self._look_s = clock.monotonic() + LOOK_S
        self._counted: list[Json] = []
        self._rules: RuleEngine | None = None
        self._last_s = 0.0

    @classmethod
    async def load(cls, journal: Journal, clock: Clock) -> RuleMemory:
        """Read what the last run left; what cannot be read is left behind with a warning."""
        raw = await journal.kept(KEY)
        try:
            kept = None if raw is None else msgspec.json.decode(raw, type=Kept)
        except msgspec.DecodeError as error:
            log.warning("what the rules remembered cannot be read, they begin anew: %s", error)
            kept = None
        return cls(journal, clock, kept)

    def attach(self, rules: RuleEngine) -> None:
        """Let the rules go on from the last run, before their first frame."""
        self._rules = rules
        if self._kept is not None:
            self._restore(rules, self._kept)
        self._counted = rules.counted()

    def _restore(self, rules: RuleEngine, kept: Kept) -> None:
        passed_s = max(self._clock.wall().utc_s - kept.utc_s, 0.0)
        try:
            rules.restore(kept.state, self._clock.monotonic() - passed_s)
        except (ValueError, TypeError) as error:
            log.warning("what the rules remembered is of another kind, they begin anew: %s", error)

    def frame(self, t_s: float) -> None:
        """A frame was walked: keep a snapshot if one is due or the rules have counted something."""
        self._last_s = t_s
        now_s = self._clock.monotonic()
        if self._rules is None or now_s < self._look_s:
            return
        self._look_s = now_s + LOOK_S
        counted = self._rules.counted()
        if now_s >= self._due_s or counted != self._counted:
            self._due_s, self._counted = now_s + EVERY_S, counted
            self.keep()

    def keep(self) -> None:
        """Keep a snapshot of now; the last one is kept before the journal is closed."""
        state = self._rules.snapshot(self._last_s) if self._rules else {}
        if state.get("rules"):
            kept = msgspec.json.encode(Kept(self._clock.wall().utc_s, state))
            asyncio.run_coroutine_threadsafe(self._journal.keep(KEY, kept), self._loop)
