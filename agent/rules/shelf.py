"""The rule `shelf_sweep`: much is gone from a shelf at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf

from agent.domain import FactKind, Json
from agent.rule_config import ShelfSweepRule
from agent.rules.base import Hit, View
from agent.rules.changes import Change, ChangeKind, Changes

NEAR_H = 1.5
"""Who took something was so near to it, in body heights; light and loose labels take nothing."""
STAFF_BEFORE_S = 60.0
REMEMBER_S = 600.0


@dataclass(slots=True)
class _Gains:
    """How much of the shelf's front one change came to take, step by step: (when, share) each."""

    kind: ChangeKind
    steps: list[tuple[float, float]] = field(default_factory=list)

    @property
    def share(self) -> float:
        return sum(share for _, share in self.steps)

    def bring_to(self, share: float, t_s: float) -> None:
        """Note what was added since the last look, or take back the latest of what has gone again."""
        more = share - self.share
        if more > 0:
            self.steps.append((t_s, more))
        while more < 0 and self.steps:
            at_s, last = self.steps.pop()
            if last + more > 0:
                self.steps.append((at_s, last + more))
            more += last

    def within(self, start_s: float) -> float:
        """What was added since a moment."""
        return sum(share for at_s, share in self.steps if at_s >= start_s)


class ShelfSweep:
    """Sums up what went from one shelf lately. The same sight is counted once, however often the rules run on it."""

    def __init__(self, config: ShelfSweepRule, zone: int) -> None:
        self.config = config
        self._zone = zone
        self._counted_s = -inf
        self._gains: dict[int, _Gains] = {}
        self._stayed: dict[int, tuple[float, float]] = {}
        self._until_s = -inf
        self._factors: dict[str, Json] = {}

    def update(self, view: View) -> Iterator[Hit]:
        """One hit for the shelf."""
        self._note_stays(view)
        changes = view.senses.changes
        if changes and changes.ready and changes.t_s > self._counted_s:
            self._counted_s = changes.t_s
            self._count(view, changes)
            self._judge(view)
        if view.t_s <= self._until_s:
            yield Hit.about(self.config, None, zone=self.config.zone, factors=self._factors)

    def _note_stays(self, view: View) -> None:
        """Who has been at the shelf, for how long and when last."""
        for (track, zone), stay in view.stays.items():
            if zone == self._zone:
                self._stayed[track] = (stay.dwell_s, view.t_s)
        self._stayed = {k: one for k, one in self._stayed.items() if view.t_s - one[1] <= REMEMBER_S}

    def _count(self, view: View, changes: Changes) -> None:
        shares = {
            change.id: (change, share)
            for change in changes.found
            if (share := change.fronts.get(self.config.zone, 0.0)) >= self.config.item_size / 2 and self._counts(change)
        }
        self._gains = {k: gains for k, gains in self._gains.items() if k in shares}
        for number, (change, share) in shares.items():
            known = self._gains.get(number)
            if known is None:
                self._gains[number] = _Gains(change.kind, [(change.seen_s, share)])
            else:
                known.kind = change.kind
                known.bring_to(share, view.t_s)

    def _counts(self, change: Change) -> bool:
        """Whether somebody did it, in a time that is known, who was not there to fill the shelf."""
        if change.hidden_s > self.config.hidden_s or change.owner is None or change.owner_h > NEAR_H:
            return False
        return self._stayed.get(change.owner, (0.0, 0.0))[0] < self.config.stay_s

    def _judge(self, view: View) -> None:
        latest_s = max((gains.steps[-1][0] for gains in self._gains.values() if gains.steps), default=-inf)
        start_s = latest_s - self.config.within_s
        gone, came, other = (
            self._sum(kind, start_s) for kind in (ChangeKind.REMOVED, ChangeKind.ADDED, ChangeKind.ALTERED)
        )
        items = round((gone - came) / self.config.item_size)
        share = gone + other - came
        enough = items >= self.config.items or (share >= self.config.area and gone > came)
        if not enough or latest_s < self._counted_s - self.config.hold_s or self._staff(view, start_s):
            return
        self._until_s = latest_s + self.config.hold_s
        self._factors = {"items": items, "share": round(share, 3), "filled": round(came, 3)}

    def _sum(self, kind: ChangeKind, start_s: float) -> float:
        return sum(gains.within(start_s) for gains in self._gains.values() if gains.kind == kind)

    def _staff(self, view: View, start_s: float) -> bool:
        return view.facts.active((FactKind.STAFF,), start_s - STAFF_BEFORE_S, view.t_s, self.config.inputs)
