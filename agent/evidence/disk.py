"""A disk that may be full, read-only or gone: a failure is reported once, and what needs it is tried again later."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable

from agent.domain import HealthSample, HealthState
from agent.evidence.vault import Vault
from hal.ports import Clock

log = logging.getLogger(__name__)

WHAT = "evidence_storage"
RETRY_S = 2.0
LEAST_MB = 0.25


class DiskWatch:
    """`trying` is what everything that needs the disk is done by. `failures` counts how often it began to fail."""

    def __init__(self, vault: Vault, clock: Clock, report: Callable[[HealthSample], None]) -> None:
        self._vault = vault
        self._clock = clock
        self._report = report
        self._retry_s = 0.0
        self._failing_since_s: float | None = None
        self.failures = 0

    @property
    def failing(self) -> bool:
        """Whether the disk does not take what it is given."""
        return self._failing_since_s is not None

    @property
    def worth_a_try(self) -> bool:
        """Whether it works, or failed long enough ago."""
        return self._clock.monotonic() >= self._retry_s

    def trying(self, work: Callable[[], None]) -> None:
        """Do what needs the disk."""
        try:
            work()
        except OSError as error:
            self._failed(error)

    def refuse_dead(self) -> None:
        """Notice a disk that is full or read-only though nothing is written now. Raises OSError then."""
        space = self._vault.space()
        if space.read_only:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        if space.free_mb < LEAST_MB:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def worked(self) -> None:
        """Everything that waited was written: the disk is well again, if it looks so. Raises OSError."""
        if self._failing_since_s is None:
            return
        self.refuse_dead()
        now_s, since_s = self._clock.monotonic(), self._failing_since_s
        self._failing_since_s = None
        log.warning("evidence is written again after %.1f s", now_s - since_s)
        self._report(HealthSample(WHAT, HealthState.OK, now_s, since_s, 1.0, "evidence on disk again"))

    def _failed(self, error: OSError) -> None:
        now_s = self._clock.monotonic()
        self._retry_s = now_s + RETRY_S
        if self._failing_since_s is None:
            self._failing_since_s = now_s
            self.failures += 1
            log.error("evidence cannot be written, it goes on in memory: %s", error)
            detail = f"evidence in RAM: {error.strerror or error}"
            self._report(HealthSample(WHAT, HealthState.FAULT, now_s, now_s, 1.0, detail))
