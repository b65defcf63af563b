"""The camera's lives in the journal: each start is counted before anything that may bring it down is made."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from typing import Self

from agent.events.journal import Journal
from agent.health.lives import GOOD_S, SHORT_S, Lives, decode, encode
from hal.ports import Clock

log = logging.getLogger(__name__)

KEY = "lives"


class LifeBook:
    """Of the life that runs now. `safe` says why it is a safe one; empty where it is not."""

    def __init__(self, journal: Journal, lives: Lives, safe_after: int) -> None:
        self._journal = journal
        self._lives = lives
        self.safe = lives.why_safe(safe_after)

    @classmethod
    async def open(cls, journal: Journal, clock: Clock, identity: str, boot: str, safe_after: int) -> Self:
        """Count this start in a `boot` of the computer. `identity` stands for configuration and version: with another
        one all begins anew.

        So many short lives make a safe one; 0 where nobody starts the camera anew by itself.
        """
        digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
        lives = decode(await journal.kept(KEY)).begun(digest, clock.wall().utc_s, boot)
        book = cls(journal, lives, safe_after)
        await book._keep(lives)
        return book

    @classmethod
    def uncounted(cls, journal: Journal) -> Self:
        """Of a life that nobody counts."""
        return cls(journal, Lives(starts=(0.0,)), 0)

    @property
    def starts(self) -> int:
        """How often the program started within a day, this start included."""
        return len(self._lives.starts)

    async def run(self) -> None:
        """Note when this life is no short one any more; a safe one, when it was good for an hour. Returns then."""
        await asyncio.sleep(GOOD_S if self.safe else SHORT_S)
        await self.lasting()

    async def lasting(self) -> None:
        """Begin the count anew: this life has lasted, or a person says that the next may see again."""
        await self._keep(self._lives.lasting())

    async def stopped(self) -> None:
        """It was stopped on purpose: that makes no short life."""
        if self._lives.open:
            await self._keep(self._lives.closed())

    async def _keep(self, lives: Lives) -> None:
        self._lives = lives
        await self._journal.keep(KEY, encode(lives))
