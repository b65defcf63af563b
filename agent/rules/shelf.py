"""The rule `shelf_sweep`: much is gone from a shelf at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import inf

from agent.domain import FactKind, Json
from agent.rule_config import ShelfSweepRule
from agent.rules.base import Hit, View
from agent.rules.changes import ChangeKind, ShelfStep

NEAR_H = 1.5
"""Who took something was so near to it, in body heights; light and loose labels take nothing."""
GROUP = 2
"""Several customers may each take a few at the same time; together they count as a sweep at so many times as much."""
UNCLEAR = 0.1
"""What changed beside things that went, nobody can say how, went with them; for so much of them at most."""
STAFF_BEFORE_S = 5.0
"""What happened so soon after a staff input ended is still staff's doing."""
REMEMBER_S = 600.0


class ShelfSweep:
    """Sums up the latest steps in which one shelf was emptied and filled."""

    def __init__(self, config: ShelfSweepRule, zone: int) -> None:
        self.config = config
        self._zone = zone
        self._counted_s = -inf
        self._stayed: dict[int, tuple[float, float]] = {}
        self._until_s = -inf
        self._factors: dict[str, Json] = {}

    def update(self, view: View) -> Iterator[Hit]:
        """One hit for the shelf."""
        self._note_stays(view)
        changes = view.senses.changes
        if changes and changes.ready and changes.t_s > self._counted_s:
            self._counted_s = changes.t_s
            self._judge(view, [step for step in changes.steps if self._counts(step)])
        if view.t_s <= self._until_s:
            yield Hit.about(self.config, None, zone=self.config.zone, factors=self._factors)

    def _note_stays(self, view: View) -> None:
        """Who has been at the shelf, for how long and when last."""
        for stay in view.stays_in(self._zone):
            self._stayed[stay.track] = (stay.dwell_s, view.t_s)
        self._stayed = {k: one for k, one in self._stayed.items() if view.t_s - one[1] <= REMEMBER_S}

    def _counts(self, step: ShelfStep) -> bool:
        """Whether somebody did it, in a time that is known, who was not there to fill the shelf."""
        if step.zone != self.config.zone or step.hidden_s > self.config.hidden_s:
            return False
        if step.owner is None or step.owner_h > NEAR_H:
            return False
        return self._stayed.get(step.owner, (0.0, 0.0))[0] < self.config.stay_s

    def _judge(self, view: View, steps: Sequence[ShelfStep]) -> None:
        last_s = max((step.seen_s for step in steps), default=-inf)
        first_s = last_s - self.config.within_s
        if view.t_s - last_s > self.config.hold_s:
            return
        late = [step for step in steps if step.seen_s >= first_s and not self._staff(view, step.before_s)]
        by_hand: dict[int, list[ShelfStep]] = {}
        for step in late:
            by_hand.setdefault(view.who(step.owner or 0), []).append(step)
        sums = [(self._sum(late, GROUP), late), *((self._sum(one), one) for one in by_hand.values())]
        (items, share, came), counted = max(sums, key=lambda entry: entry[0])
        if items >= self.config.items or share >= self.config.area:
            self._until_s = max(step.seen_s for step in counted if step.kind != ChangeKind.ADDED) + self.config.hold_s
            self._factors = {"items": items, "share": round(share, 3), "filled": round(came, 3)}

    def _sum(self, steps: Sequence[ShelfStep], fewer: int = 1) -> tuple[int, float, float]:
        """Items gone, share of the front that changed and was not filled (0 where more came than went), share filled.

        The first two are divided by `fewer`.
        """
        gone, came, other = (_share(steps, kind) for kind in (ChangeKind.REMOVED, ChangeKind.ADDED, ChangeKind.ALTERED))
        net = gone - came
        if net <= 0:
            return round(net / self.config.item_size / fewer), 0.0, came
        items = (net + min(other, UNCLEAR * net)) / self.config.item_size
        return round(items / fewer), (net + other) / fewer, came

    def _staff(self, view: View, start_s: float) -> bool:
        return view.facts.active((FactKind.STAFF,), start_s - STAFF_BEFORE_S, view.t_s, self.config.inputs)


def _share(steps: Iterable[ShelfStep], kind: ChangeKind) -> float:
    return sum(step.share for step in steps if step.kind == kind)
