"""The table of the rule about panic buttons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from agent import schema
from agent.domain import FactKind, Severity
from agent.rule_config.base import NAMES, Mistake, Reference, RuleConfig, Want
from agent.schema import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class PanicRule(RuleConfig):
    """Somebody pressed a panic button: critical, at once, whatever the camera sees.

    It acts from the button itself: no picture, model or tracker stands between, so that it works with a covered, lost
    or hung camera, too. The incident lasts while the button is held and `hold_s` after; another press in that time is
    part of it.
    """

    otherwise = ("the button left alone",)

    severity: Severity = setting(schema.severity, Severity.CRITICAL, help="always critical")
    inputs: tuple[str, ...] = setting(NAMES, (), help="the panic inputs that count; all when left out")
    hold_s: float = setting(schema.number(1, 3600), 60.0, help="seconds it lasts after the button was let go")

    @property
    def place(self) -> str:
        return "-".join(self.inputs) or "button"

    def references(self) -> Iterator[Reference]:
        yield from RuleConfig.references(self)
        yield from (Reference("inputs", "input", word, (FactKind.PANIC,)) for word in self.inputs)

    def wants(self) -> Iterator[Want]:
        yield Want("inputs", "input", "kind", (FactKind.PANIC,))

    def mistakes(self) -> Iterator[Mistake]:
        if self.severity != Severity.CRITICAL:
            yield Mistake("severity", "a panic button is critical", "leave out severity")
        if self.schedule is not None or self.cooldown_s:
            yield Mistake("schedule", "a panic button always acts", "leave out schedule and cooldown_s")
