"""Rules about ways in and out: `tailgating` and `checkout_bypass`."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from agent.domain import FactKind, Json, Severity
from agent.rule_config import CheckoutBypassRule, TailgatingRule
from agent.rules.base import Held, Hit, Subject, View
from agent.rules.continuity import reassign, rows
from agent.rules.errand import Errand
from agent.rules.facts import Grants
from agent.rules.lines import Crossing

COMPANY_S = 3.0
"""Two come in together when not more than this lies between them."""
SETTLE_S = 0.5
"""How much later than it happened a grant may be told."""
DOUBT_S = 3.0
"""So long it may take until clothes tell who has left; while that is in doubt nothing is told."""


class Tailgating:
    """More people came in than were granted access; each grant lets one person in, from just before it on.

    Somebody who comes in with no grant near is the business of other rules. Who turns back has not come in. Two who
    come in close together may be mixed up: who appears just inside while another crosses has come in, too.
    """

    def __init__(self, config: TailgatingRule, line: int) -> None:
        self.config = config
        self._line = line
        self._before_s = config.before_s + config.clock_error_s
        self._after_s = config.after_s + config.clock_error_s
        self._undecided: list[Crossing] = []
        self._appeared: list[Crossing] = []
        self._crossed: list[Crossing] = []
        self._used = Grants()
        self._found: Held[int] = Held(config.hold_s)

    def update(self, view: View) -> Iterator[Hit]:
        """One hit for each who came in on somebody else's grant."""
        self._found.forget(view.t_s)
        for crossing in view.crossings:
            if crossing.line == self._line:
                self._take(crossing)
        self._accompany(view)
        while self._undecided and view.t_s - self._undecided[0].t_s >= self._before_s + SETTLE_S:
            self._decide(view, self._undecided.pop(0))
        self._used.forget(view.t_s)
        for track, grants in self._found:
            factors: dict[str, Json] = {"grants": grants}
            yield Hit.about(self.config, track, line=self.config.line, factors=factors)

    def _accompany(self, view: View) -> None:
        """Count those in who appeared inside while somebody else, seen together with them, crossed."""
        new = (other for other in view.appeared if (other.line, other.direction) == (self._line, self.config.direction))
        self._appeared = [one for one in (*self._appeared, *new) if view.t_s - one.t_s <= COMPANY_S]
        self._crossed = [one for one in self._crossed if view.t_s - one.t_s <= COMPANY_S]
        for one in list(self._appeared):
            if any(other.track != one.track and other.track in view.people for other in self._crossed):
                self._appeared.remove(one)
                self._undecided.append(one)

    def _take(self, crossing: Crossing) -> None:
        if crossing.direction == self.config.direction:
            self._undecided.append(crossing)
            self._crossed.append(crossing)
        else:
            self._undecided = [other for other in self._undecided if other.track != crossing.track]

    def _decide(self, view: View, crossing: Crossing) -> None:
        start_s, end_s = crossing.t_s - self._after_s, crossing.t_s + self._before_s
        grants = view.facts.moments((FactKind.GRANT,), start_s, end_s, self.config.inputs)
        if not self._used.use(grants) and grants:
            self._found.note(crossing.track, view.t_s, len(grants))


class CheckoutBypass:
    """A person was at valuable goods and leaves without having been at a till; critical when they may hide something.

    The numbers of zones: `goods` where it begins, `tills` that end it, `exit_zone` or `exit_line` where it is found.
    """

    def __init__(
        self,
        config: CheckoutBypassRule,
        goods: Collection[int],
        tills: Collection[int],
        exit_zone: int | None,
        exit_line: int | None,
    ) -> None:
        self.config = config
        self._goods = goods
        self._tills = tills
        self._exit_zone = exit_zone
        self._exit_line = exit_line
        self._errands: dict[int, Errand] = {}
        self._gone: dict[int, float] = {}
        self._found: Held[dict[str, Json]] = Held(config.hold_s)

    def update(self, view: View) -> Iterator[Hit]:
        """One hit for each who leaves so."""
        self._found.forget(view.t_s)
        reassign(self._errands, view.swapped, view.joined, Errand)
        self._watch(view)
        self._errands = {k: one for k, one in self._errands.items() if view.t_s - one.last_s <= self.config.within_s}
        for track in view.concealing:
            if errand := self._errands.get(view.who(track)):
                errand.concealed_s = view.t_s
        yield from self._leave(view, self._leaving(view))

    def snapshot(self, t_s: float) -> Json:
        """A row `[track, last at the goods relative to now, for how long, concealed]` a person, seconds."""
        return [
            [person, round(goods[1] - t_s, 3), round(goods[1] - goods[0], 3), int(errand.concealed)]
            for person, errand in self._errands.items()
            if (goods := errand.unpaid(self.config.in_s))
        ]

    def counted(self) -> Json:
        """Who has goods that are not paid for."""
        return [person for person, errand in self._errands.items() if errand.unpaid(self.config.in_s)]

    def restore(self, state: Json, taken_s: float, shift: int) -> None:
        """Go on from a snapshot. Raises ValueError when it is not one."""
        for person, took_s, goods_s, concealed in rows(state, 4):
            errand = self._errands[int(person) - shift] = Errand()
            errand.goods.add(took_s + taken_s - goods_s, took_s + taken_s)
            errand.concealed_s = taken_s if concealed else errand.concealed_s

    def _watch(self, view: View) -> None:
        """Note who is at the goods, and who at a till."""
        for (track, zone), stay in view.stays.items():
            if zone in self._goods or zone in self._tills:
                from_s = max(stay.entered_s, view.since_s(track))
                self._note(view.who(track), zone, from_s, stay.seen_s)

    def _note(self, person: int, zone: int, from_s: float, seen_s: float) -> None:
        if zone in self._goods and seen_s - from_s >= self.config.in_s:
            self._errands.setdefault(person, Errand()).goods.add(from_s, seen_s)
        elif zone in self._tills and seen_s - from_s >= self.config.paying_s:
            self._errands.setdefault(person, Errand()).tills.add(from_s, seen_s)

    def _leaving(self, view: View) -> set[int]:
        at_exit = {track for track, zone in view.stays if zone == self._exit_zone}
        return at_exit | {crossing.track for crossing in view.crossings if self._is_out(crossing)}

    def _is_out(self, crossing: Crossing) -> bool:
        return crossing.line == self._exit_line and crossing.direction == self.config.direction

    def _leave(self, view: View, leaving: Collection[int]) -> Iterator[Hit]:
        """What somebody did ends with their leaving: who comes back begins anew."""
        self._gone = {track: t_s for track, t_s in self._gone.items() if view.t_s - t_s <= DOUBT_S}
        self._gone |= dict.fromkeys(leaving, view.t_s)
        for track in [track for track in self._gone if track not in view.senses.doubtful]:
            del self._gone[track]
            self._judge(view, track)
        for track, found in self._found:
            severity = Severity.CRITICAL if found["concealed"] else self.config.severity
            subject = Subject(self.config.name, track)
            yield Hit(subject, severity, zone=self.config.zone, line=self.config.line, factors=found)

    def _judge(self, view: View, track: int) -> None:
        """Note who left without having been at a till; while they are in an exit zone it goes on."""
        told = dict(self._found)
        errand = self._errands.pop(view.who(track), None)
        goods = errand and errand.unpaid(self.config.in_s)
        if errand and goods:
            took_s, goods_s = round(goods[1], 1), round(goods[1] - goods[0], 1)
            told[track] = {"took_s": took_s, "goods_s": goods_s, "concealed": errand.concealed}
        if track in told:
            self._found.note(track, view.t_s, told[track])
