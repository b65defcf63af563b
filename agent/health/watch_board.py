"""Looks at the board once a minute: samples on a thread of its own, readings and findings on the loop."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress

from agent.domain import HealthSample, HealthState
from agent.health.board import BoardJudge
from agent.health.readings import METRICS, Reading, ReadingSink
from agent.health.sampling import Figures, Sampling
from hal.ports import Board, BoardSample, Clock

log = logging.getLogger(__name__)

EVERY_S = 60.0
PATIENCE_S = 10.0
"""A source that answers no sooner hangs."""


class BoardWatch:
    """Belongs to the loop. `figures` is asked for the walk's own; `report` takes what has changed.

    `sinks` get every reading, `looks` all of one look together.
    """

    def __init__(
        self,
        board: Board,
        clock: Clock,
        sampling: Sampling,
        figures: Callable[[], Figures],
        report: Callable[[HealthSample], None],
        *,
        every_s: float = EVERY_S,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._board = board
        self._clock = clock
        self._sampling = sampling
        self._figures = figures
        self._report = report
        self._every_s, self._patience_s = every_s, patience_s
        self._judge = BoardJudge()
        self._asked: asyncio.Future[BoardSample] | None = None
        self._state: HealthState | None = None
        self.sinks: list[ReadingSink] = []
        self.looks: list[Callable[[list[Reading]], None]] = []
        self.latest: dict[str, Reading] = {}

    @property
    def missing(self) -> list[str]:
        """The metrics without a source on this camera, once it was looked at."""
        return [metric for metric in METRICS if metric not in self.latest] if self.latest else []

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(self._every_s)

    async def look(self) -> None:
        """Look once; sources that hang are told, and what is known without them is judged."""
        sample = await self._sample()
        now_s = self._clock.monotonic()
        readings = self._sampling.readings(now_s, sample or BoardSample(), self._figures())
        self.latest |= {reading.metric: reading for reading in readings}
        self._tell(sample is not None, now_s)
        for finding in self._judge.update(now_s, readings):
            self._report(finding)
        for reading in readings:
            for sink in self.sinks:
                sink(reading)
        for look in self.looks:
            look(readings)

    async def _sample(self) -> BoardSample | None:
        """A sample, None when the board does not answer in time; it is then not asked again until it has."""
        if self._asked is None:
            self._asked = self._ask()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._patience_s):
                sample = await asyncio.shield(self._asked)
                self._asked = None
                return sample
        return None

    def _ask(self) -> asyncio.Future[BoardSample]:
        loop = asyncio.get_running_loop()
        asked: asyncio.Future[BoardSample] = loop.create_future()

        def answer(sample: BoardSample) -> None:
            if not asked.done():
                asked.set_result(sample)

        def work() -> None:
            sample = self._board.sample()
            with suppress(RuntimeError):  # the loop is gone: nobody waits any more
                loop.call_soon_threadsafe(answer, sample)

        threading.Thread(target=work, name="board", daemon=True).start()
        return asked

    def _tell(self, answers: bool, now_s: float) -> None:
        """Say whether the board answers, and how much of it is measured, when that has changed."""
        state = HealthState.OK if answers else HealthState.UNKNOWN
        if state == self._state:
            return
        self._state = state
        missing = len(self.missing)
        told = f"{len(METRICS) - missing} of {len(METRICS)} things are measured" if answers else "sources do not answer"
        self._report(HealthSample("board", state, now_s, now_s, 1.0, told))
