"""The table of the rule about what a till books."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from agent import schema
from agent.domain import Severity, TillKind, ZoneKind
from agent.rule_config.base import HOLD, HOLD_HELP, Mistake, Rise, Want, ZoneRule
from agent.schema import setting

EXCEPTIONS = (TillKind.REFUND.value, TillKind.VOID.value, TillKind.NO_SALE.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class PosExceptionRule(ZoneRule):
    """A refund, void or no-sale at a till while nobody stood on the customers' side, which is its checkout zone.

    Every such booking makes an incident that bookmarks the video. It has the rule's severity and switches outputs on
    only where the zone was surely empty from `before_s` before to `after_s` after, at every time that the booking may
    have been made; with a customer it is info, and so it is where the camera cannot tell (`unknown`: blind, hidden, not
    watching, or the till's clock too far off).
    """

    zone_kinds = (ZoneKind.CHECKOUT,)
    otherwise = ("another kind of booking",)

    kinds: tuple[str, ...] = setting(
        schema.many(schema.choice(*(kind.value for kind in TillKind)), least=1),
        EXCEPTIONS,
        help="the bookings that count",
    )
    before_s: float = setting(schema.number(0, 300), 20.0, help="seconds before the booking that must have been empty")
    after_s: float = setting(schema.number(0, 300), 10.0, help="seconds after the booking that must be empty")
    max_hidden: float = setting(
        schema.number(0, 1, above=True), 0.3, help="share of the zone behind other people from which nobody can tell"
    )
    keep_s: float = setting(
        schema.number(60, 3600), 600.0, help="seconds for which the zone is remembered, for bookings told late"
    )
    hold_s: float = setting(HOLD, 10.0, help=HOLD_HELP)

    def wants(self) -> Iterator[Want]:
        yield Want("zone", "till", "zone", (self.zone,))

    def rises(self) -> Iterator[Rise]:
        if self.severity > Severity.INFO:
            yield Rise("absent", True, self.severity)

    def mistakes(self) -> Iterator[Mistake]:
        if self.keep_s < self.before_s + self.after_s:
            yield Mistake("keep_s", "is shorter than before_s and after_s together", "remember at least that long")
