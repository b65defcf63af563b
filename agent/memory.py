"""Carries what the rules remember over a restart, through the journal's database.

The rules live on the vision thread, so the snapshot is made there, once in `EVERY_S` and within `LOOK_S` of something
having been counted; the loop writes it. A visit counted before a power cut still counts after it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import msgspec

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
    """Made on the loop by `load`; `attach` and `frame` belong to the vision thread, `finish` comes after its end."""

    def __init__(self, journal: Journal, clock: Clock, kept: Kept | None) -> None:
        self._journal = journal
        self._clock = clock
        self._kept = kept
        self._loop = asyncio.get_running_loop()
        self._due_s = clock.monotonic() + EVERY_S
        self._look_s = clock.monotonic() + LOOK_S
        self._counted: dict[str, int] = {}
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
        if self._kept is None:
            return
        passed_s = max(self._clock.wall().utc_s - self._kept.utc_s, 0.0)
        try:
            rules.restore(self._kept.state, self._clock.monotonic() - passed_s)
        except (ValueError, TypeError) as error:
            log.warning("what the rules remembered is of another kind, they begin anew: %s", error)

    def frame(self, t_s: float) -> None:
        """A frame was walked: keep a snapshot if one is due or the rules have counted something."""
        self._last_s = t_s
        now_s = self._clock.monotonic()
        if now_s < self._look_s:
            return
        self._look_s = now_s + LOOK_S
        state = self._snapshot()
        counted = _counted(state)
        if now_s >= self._due_s or counted != self._counted:
            self._due_s, self._counted = now_s + EVERY_S, counted
            self._keep(state)

    def finish(self) -> None:
        """Keep a last snapshot, before the journal is closed."""
        self._keep(self._snapshot())

    def _snapshot(self) -> dict[str, Any]:
        return self._rules.snapshot(self._last_s) if self._rules else {}

    def _keep(self, state: dict[str, Any]) -> None:
        if state.get("rules"):
            kept = msgspec.json.encode(Kept(self._clock.wall().utc_s, state))
            asyncio.run_coroutine_threadsafe(self._journal.keep(KEY, kept), self._loop)


def _counted(state: Mapping[str, Any]) -> dict[str, int]:
    """How many rows every rule remembers of those that keep rows: visits, people who took something."""
    return {name: len(kept) for name, kept in state.get("rules", {}).items() if isinstance(kept, list) and kept}
