"""Acts on what needs no picture: panic buttons. From the input's own thread to the outputs, then the journal.

The walk of a frame may be slow, hung or over (a cut cable, a dead camera); a button must work all the same. So its
rules have a book of incidents of their own, run when an input speaks and, to close what is over, on the loop.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence

from agent.domain import FactKind, Incident
from agent.respond.alarms import AlarmBank
from agent.rule_config import PanicRule, RuleConfig
from agent.rules.base import Rule, View
from agent.rules.facts import Fact, FactBook
from agent.rules.incidents import IncidentBook
from agent.rules.panic import Panic
from hal.ports import Clock

TICK_S = 0.5


class DirectResponse:
    """The rules that act on their own. `hear` may be called from any thread; `report` must not block.

    A press that is told late, with an older time, acts as if it were made now: that somebody needs help is the news.
    """

    def __init__(
        self,
        rules: Sequence[RuleConfig],
        alarms: AlarmBank,
        clock: Clock,
        report: Callable[[Incident], None],
        prefix: str,
    ) -> None:
        configs = [rule for rule in rules if isinstance(rule, PanicRule)]
        self._rules: list[Rule] = [Panic(config) for config in configs]
        self._book = IncidentBook(configs, f"{prefix}p")
        self._alarms = alarms
        self._clock = clock
        self._report = report
        self._facts = FactBook()
        self._turn = threading.Lock()

    @property
    def open(self) -> list[Incident]:
        """The incidents that are open now."""
        with self._turn:
            return self._book.open

    def hear(self, fact: Fact) -> None:
        """Take what an input told; outputs are driven before this returns."""
        if fact.kind == FactKind.PANIC and self._rules:
            with self._turn:
                self._facts.add(Fact(fact.kind, fact.source, self._clock.monotonic(), fact.active))
                self._act()

    def tick(self) -> None:
        """Close what is over."""
        with self._turn:
            if self._book.open:
                self._act()

    async def run(self) -> None:
        """Tick until cancelled."""
        while True:
            await asyncio.sleep(TICK_S)
            self.tick()

    def finish(self) -> None:
        """Close what is open, at the end of a run."""
        with self._turn:
            self._tell(self._book.close_all(self._clock.monotonic()))

    def _act(self) -> None:
        view = View(self._clock.monotonic(), {}, {}, facts=self._facts)
        self._tell(self._book.update(view.t_s, [hit for rule in self._rules for hit in rule.update(view)]))

    def _tell(self, incidents: Sequence[Incident]) -> None:
        self._alarms.apply(incidents)
        for incident in incidents:
            self._report(incident)
