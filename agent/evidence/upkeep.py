"""Lets go what is too old or has no room, and keeps the clock by which that is judged."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import msgspec

from agent.durable import write_durably
from agent.evidence.retention import RetentionClock, RetentionState, evicted, expired
from agent.evidence.tools import MEGABYTE, Tools
from agent.evidence.vault import Vault

log = logging.getLogger(__name__)

KEEP_CLOCK_EVERY_S = 1800.0
CLOCK_STEP_S = 2.0
Erase = Callable[[str, str], None]


class Upkeep:
    """Every method but `age_s` and `watch_clock` may raise OSError. `erase` removes a clip and says why."""

    def __init__(self, tools: Tools, vault: Vault, erase: Erase) -> None:
        self._tools = tools
        self._clock = tools.clock
        self._vault = vault
        self._erase = erase
        self._age = RetentionClock(None, self._clock.monotonic())
        self._keep_clock_s = 0.0
        self._wall_offset_s = self._offset_s()

    def open(self) -> None:
        """Go on counting from where the last run stopped."""
        now_s = self._clock.monotonic()
        self._age = RetentionClock(self._kept(), now_s)
        self._age.hear(now_s, self._clock.wall())
        self.keep_clock()

    @property
    def age_s(self) -> float:
        """The retention clock."""
        return self._age.now_s(self._clock.monotonic())

    def tidy(self) -> None:
        """Erase what is too old, and the oldest where there is too much."""
        now_s, config = self._clock.monotonic(), self._tools.config
        self._age.hear(now_s, self._clock.wall())
        for clip in expired(self._vault.clips, self.age_s, config.keep_s):
            self._erase(clip.id, "expired")
        self._evict(self._vault.bytes - round(config.quota_mb * MEGABYTE), "quota")
        if now_s >= self._keep_clock_s:
            self.keep_clock()

    def make_room(self) -> None:
        """Leave everything else the space that it was promised."""
        excess_mb = self._tools.config.min_free_mb - self._vault.space().free_mb
        self._evict(round(excess_mb * MEGABYTE), "no_room")

    def keep_clock(self) -> None:
        """Write down how far the retention clock has come."""
        now_s = self._clock.monotonic()
        self._keep_clock_s = now_s + KEEP_CLOCK_EVERY_S
        write_durably(self._file, msgspec.json.encode(self._age.state(now_s, self._clock.wall())))

    def watch_clock(self) -> None:
        """Note in the audit log when the wall clock was set."""
        offset_s = self._offset_s()
        step_s, self._wall_offset_s = offset_s - self._wall_offset_s, offset_s
        if abs(step_s) > CLOCK_STEP_S:
            synchronised = self._clock.wall().synchronised
            self._tools.audit.record("clock_step", step_s=round(step_s, 3), synchronised=synchronised)

    def _evict(self, excess: int, why: str) -> None:
        for clip in evicted(self._vault.clips, excess):
            log.warning("clip %s is erased to make room (%s)", clip.id, why)
            self._erase(clip.id, why)

    def _kept(self) -> RetentionState | None:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=RetentionState)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    @property
    def _file(self) -> Path:
        return self._tools.folder / "retention.json"

    def _offset_s(self) -> float:
        return self._clock.wall().utc_s - self._clock.monotonic()
