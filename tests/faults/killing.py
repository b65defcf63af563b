"""Kills a camera again and again while a hub follows it, and checks that nothing acknowledged was lost or doubled."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from agent.beside import beside
from agent.events.wire import Record
from agent.hub.backoff import Backoff
from agent.hub.ledger import Ledger
from agent.hub.receiver import Hub, Watchers

_START_S = 60.0


@dataclass
class Tally:
    """What the hub was told of, by place."""

    places: list[tuple[str, int]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def event(self, device: str, record: Record) -> None:
        origin = record.origin
        self.places.append(("", record.seq) if origin is None else (origin.epoch, origin.seq))
        self.news.set()


@dataclass(frozen=True)
class Result:
    """What a session of killing left: durable promises made by the camera, and what the hub has."""

    promised: dict[int, str]
    stored: dict[int, str]
    told: int
    epochs: set[str]
    gaps: list[tuple[str, str, int, int]]
    kills: int


class Killer:
    """Starts `command` (a camera that serves `url`), lets it deliver, kills it with SIGKILL, and does it again.

    A life is cut only once `settled` says so. `after_kill` is called after each death, for instance to look at the
    outputs. The command's stdout lines `EPOCH SEQ NAME` are promises: these events were durable when it said so.
    """

    def __init__(
        self,
        command: Sequence[str],
        url: str,
        device: str,
        hub_database: Path,
        *,
        after_kill: Callable[[int], None] = lambda turn: None,
        settled: Callable[[], bool] = lambda: True,
        seed: int = 1,
    ) -> None:
        self._command = command
        self._url = url
        self._device = device
        self._hub_database = hub_database
        self._after_kill = after_kill
        self._settled = settled
        self._random = random.Random(seed)
        self._tally = Tally()
        self._promised: dict[int, str] = {}
        self._stderr: list[bytes] = []

    async def run(self, kills: int) -> Result:
        """Kill `kills` times; then start once more and wait until the hub has all that was promised."""
        with Ledger(self._hub_database) as ledger:
            hub = Hub(ledger, None, Watchers(event=self._tally.event), Backoff(0.01, 0.05))
            async with beside(hub.run([self._url], browse=False)):
                for turn in range(kills):
                    await self._live(self._random.uniform(0.0, 0.15))
                    self._after_kill(turn)
                promised = dict(self._promised)
                await self._live(None)
            entries = list(ledger.events(self._device))
            stored = {entry.seq: str(getattr(entry.body, "data", {}).get("n", "")) for entry in entries}
            epochs = {entry.epoch for entry in entries}
            return Result(promised, stored, len(self._tally.places), epochs, ledger.gaps(), kills)

    async def _live(self, lifetime_s: float | None) -> None:
        """One life: until something new arrived at the hub and `lifetime_s` more; None is until all has arrived."""
        process = await asyncio.create_subprocess_exec(
            *self._command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        assert process.stderr is not None
        reading = asyncio.create_task(self._promises(process.stdout))
        complaints = asyncio.create_task(process.stderr.read())
        try:
            async with asyncio.timeout(_START_S):
                await self._delivery(process, lifetime_s)
        finally:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL)
            await process.wait()
            await reading
            self._stderr.append(await complaints)

    async def _delivery(self, process: asyncio.subprocess.Process, lifetime_s: float | None) -> None:
        self._tally.news.clear()
        await self._tally.news.wait()
        if lifetime_s is not None:
            while not self._settled():  # noqa: ASYNC110  it looks at another process, which sends no event
                await asyncio.sleep(0.01)
            await asyncio.sleep(lifetime_s)
            return
        wanted = max(self._promised, default=0)
        while len(self._tally.places) < wanted:
            self._tally.news.clear()
            await self._tally.news.wait()

    async def _promises(self, stdout: asyncio.StreamReader) -> None:
        async for line in stdout:
            parts = line.decode().split()
            if line.endswith(b"\n") and len(parts) == 3:
                self._promised[int(parts[1])] = parts[2]
