"""The tables of the rules about ways in and out: tailgating, checkout_bypass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from agent import schema
from agent.domain import FactKind, Severity, ZoneKind
from agent.rule_config.base import (
    EVERYWHERE,
    HOLD,
    HOLD_HELP,
    NAMES,
    Compare,
    Mistake,
    Reference,
    Rise,
    RuleConfig,
    Tuned,
    Want,
)
from agent.schema import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class TailgatingRule(RuleConfig):
    """More people come in through a line than were granted access; each grant lets one person in."""

    otherwise = ("a grant of their own, from {after_s} s before to {before_s} s after they came in", "turning back")

    line: str = setting(schema.name, help="the name of a [[line]]")
    direction: str = setting(schema.choice("in", "out"), "in", help="the way in")
    before_s: float = setting(schema.number(0, 60), 1.0, help="seconds by which somebody may be in before the grant")
    after_s: float = setting(schema.number(0, 600), 6.0, help="seconds after a grant within which it is used")
    clock_error_s: float = setting(
        schema.number(0, 60), 0.0, help="seconds by which the card reader's clock may be off at most"
    )
    inputs: tuple[str, ...] = setting(NAMES, (), help="the grant inputs that count; all when left out")
    hold_s: float = setting(HOLD, 10.0, help=HOLD_HELP)

    @property
    def place(self) -> str:
        return self.line

    def references(self) -> Iterator[Reference]:
        yield from RuleConfig.references(self)
        yield Reference("line", "line", self.line)
        yield from (Reference("inputs", "input", word, (FactKind.GRANT,)) for word in self.inputs)

    def wants(self) -> Iterator[Want]:
        yield Want("inputs", "input", "kind", (FactKind.GRANT,))


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutBypassRule(RuleConfig):
    """Somebody was in a `high_value` zone and leaves, by a line or an `exit` zone, without having been at a till.

    It is critical when something about them looked like concealing. Who goes under another's track number since the two
    met is told by the appearance memory (docs/appearance.md).
    """

    uses = ("appearance",)
    usually = ("line",)
    compares = (Compare("goods_s", ">=", "in_s"),)
    otherwise = ("{paying_s} s at a till after the goods",)
    tuned = Tuned("in_s", 10.0)

    line: str | None = setting(schema.name, None, help="the [[line]] of the way out")
    direction: str = setting(schema.choice("in", "out"), "out", help="the way out through the line")
    zone: str | None = setting(schema.name, None, help="instead of a line, a [[zone]] of kind exit")
    goods: tuple[str, ...] = setting(NAMES, (), help="the zones of the goods; all of kind high_value when left out")
    tills: tuple[str, ...] = setting(NAMES, (), help="the zones of the tills; all of kind checkout when left out")
    in_s: float = setting(schema.number(0, 600), 3.0, help="seconds at the goods that matter")
    paying_s: float = setting(schema.number(0, 600), 2.0, help="seconds at a till that count as having been there")
    within_s: float = setting(schema.number(1, 86400), 1800.0, help="seconds for which the goods are remembered")
    hold_s: float = setting(HOLD, 10.0, help=HOLD_HELP)

    @property
    def place(self) -> str:
        return self.zone or self.line or EVERYWHERE

    def references(self) -> Iterator[Reference]:
        yield from RuleConfig.references(self)
        if self.line is not None:
            yield Reference("line", "line", self.line)
        if self.zone is not None:
            yield Reference("zone", "zone", self.zone, (ZoneKind.EXIT,))
        yield from (Reference("goods", "zone", word) for word in self.goods)
        yield from (Reference("tills", "zone", word) for word in self.tills)

    def wants(self) -> Iterator[Want]:
        if not self.goods:
            yield Want("goods", "zone", "kind", (ZoneKind.HIGH_VALUE,))
        if not self.tills:
            yield Want("tills", "zone", "kind", (ZoneKind.CHECKOUT,))

    def mistakes(self) -> Iterator[Mistake]:
        if (self.line is None) == (self.zone is None):
            yield Mistake("line", "needs either `line` or `zone`", "say where people leave")

    def rises(self) -> Iterator[Rise]:
        yield Rise("concealed", True, Severity.CRITICAL)
