"""All that review is made of, as the app runs it: the book, the budget, and what explains."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from agent.config import Config
from agent.domain import Event, Json
from agent.events.journal import Journal
from agent.metrics import Metric, gauge
from agent.review.book import Changes
from agent.review.entry import Entry
from agent.review.explain import explain
from agent.review.keeper import ReviewKeeper
from agent.review.tuning import BudgetKeeper
from agent.rules.bars import Bars
from hal.ports import Clock

TICK_S = 600.0


@dataclass(slots=True)
class Review:
    """Belongs to the running event loop. `bars` are what the rules meet on the vision thread."""

    keeper: ReviewKeeper
    budget: BudgetKeeper
    bars: Bars
    _config: Config
    _journal: Journal
    _clock: Clock
    _decided: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    async def open(cls, config: Config, journal: Journal, clock: Clock, report: Callable[[Event], None]) -> Review:
        """Go on from the last run."""
        keeper = await ReviewKeeper.open(journal, clock, config.rules, config.review)
        bars, memory = Bars(config.rules), await BudgetKeeper.kept(journal)
        budget = BudgetKeeper(config.rules, config.budget, keeper.book, bars, clock, report, memory)
        review = cls(keeper, budget, bars, config, journal, clock)
        keeper.changed = review._note
        return review

    async def run(self, watching: Callable[[], bool]) -> None:
        """Follow the journal and keep the budget, until cancelled; `watching` tells whether the camera sees."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.keeper.follow())
            tasks.create_task(self._keep_budget(watching))

    async def close(self) -> None:
        """Take in and keep what is left, before the journal is closed."""
        await self.keeper.close()
        await self.budget.keep(self._journal)

    def explain(self, incident: str) -> dict[str, Json] | None:
        """Why an incident is what it is; None for an unknown one."""
        entry = self.keeper.book.get(incident)
        rules = {rule.name: rule for rule in self._config.rules}
        return None if entry is None else explain(entry, rules.get(entry.rule), self._clock.monotonic())

    def told(self, entry: Entry) -> dict[str, Json]:
        """All of an incident as the API gives it now."""
        return entry.fields(self._clock.monotonic())

    def facts(self) -> dict[str, Json]:
        """How many incidents there are and wait for people, and how the budget stands."""
        return {"incidents": len(self.keeper.book), "undecided": self._undecided(), "budget": self.budget.status()}

    def metrics(self) -> Iterator[Metric]:
        """The same for Prometheus."""
        yield gauge("aislewatch_incidents_undecided", self._undecided(), "Incidents that are over and wait for people")
        for rule, factor in self.budget.factors().items():
            yield gauge("aislewatch_budget_factor", factor, "How far the alert budget has raised the limit", rule=rule)

    def _undecided(self) -> int:
        return sum(entry.state == "closed" for entry in self.keeper.book)

    def _note(self, changes: Changes) -> None:
        if any(entry.decisions for entry in changes.entries):
            self._decided.set()

    async def _keep_budget(self, watching: Callable[[], bool]) -> None:
        while True:
            self.budget.tick(watching=watching())
            await self.budget.keep(self._journal)
            try:
                async with asyncio.timeout(TICK_S):
                    await self._decided.wait()
            except TimeoutError:
                pass
            self._decided.clear()
