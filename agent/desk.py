"""Takes what the threads find: the journal first, then those who watch. Callable from any thread, never blocks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future

from agent.events.journal import Journal, Position
from agent.events.wire import Item
from agent.vision.pipeline import Outcome

Watcher = Callable[[Item], None]
FrameWatcher = Callable[[Outcome], None]


class Desk:
    """Where everything that happened is handed in. Belongs to the running event loop."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._loop = asyncio.get_running_loop()
        self._watchers: list[Watcher] = []
        self._frame_watchers: list[FrameWatcher] = []

    def watch(self, watcher: Watcher) -> None:
        """Show every item to `watcher` too, on the loop."""
        self._watchers.append(watcher)

    def watch_frames(self, watcher: FrameWatcher) -> None:
        """Show every outcome to `watcher` too, on the vision thread: it must take microseconds."""
        self._frame_watchers.append(watcher)

    def deliver(self, outcome: Outcome) -> None:
        """Take one frame's outcome, on the vision thread, after the outputs were driven."""
        for sample in outcome.health:
            self.report(sample)
        for event in outcome.events:
            self.report(event)
        for incident in outcome.incidents:
            self.report(incident)
        for watcher in self._frame_watchers:
            watcher(outcome)

    def journal_busy_since_s(self) -> float | None:
        """Since when the journal's thread works on one thing; None while it waits."""
        return self._journal.busy_since_s

    def report(self, item: Item) -> None:
        """Journal an item and show it."""
        self.announce(item)

    def announce(self, item: Item) -> Future[Position | None]:
        """The same; the answer is its place once it is durable, None if it was dropped for want of room."""
        done = self._journal.append_nowait(item)
        self._loop.call_soon_threadsafe(self.show, item)
        return done

    async def safe(self, item: Item) -> bool:
        """The same, on the loop, until it is on disk; false when it was dropped (and counted) for want of room."""
        self.show(item)
        return await self._journal.append(item) is not None

    def show(self, item: Item) -> None:
        """Show an item that is journaled already; on the loop."""
        for watcher in self._watchers:
            watcher(item)
