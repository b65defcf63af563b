"""The tables that configure the rules: one dataclass a kind, with its parameters, defaults and help."""

from __future__ import annotations

from dataclasses import dataclass

from agent import schema
from agent.domain import Severity
from agent.schema import setting

WARNING = Severity.WARNING


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleConfig:
    """What every rule takes."""

    kind: str = setting(schema.name, help="which rule")
    name: str = setting(schema.name, "", help="a name for this rule; made from kind and place when left out")
    severity: Severity = setting(schema.severity, WARNING, help="how much its incidents matter")
    actions: tuple[str, ...] = setting(schema.many(schema.name), (), help="outputs its incidents switch on")
    cooldown_s: float = setting(
        schema.number(0, 3600), 0.0, help="after an incident closes, seconds before the same subject may open another"
    )
    schedule: str | None = setting(schema.name, None, help="the [[schedule]] that says when it applies")

    @property
    def place(self) -> str:
        """The zone or line it watches."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneRule(RuleConfig):
    """A rule about one zone."""

    zone: str = setting(schema.name, help="the name of a [[zone]]")

    @property
    def place(self) -> str:
        return self.zone


@dataclass(frozen=True, slots=True, kw_only=True)
class RestrictedRule(ZoneRule):
    """A confirmed person in a restricted zone. Its schedule says when people MAY be there; without one, never."""


def _stages(raw: object) -> tuple[float, ...]:
    return schema.rising(schema.many(schema.number(0, 86400, above=True), least=1, most=8))(raw)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoiteringRule(ZoneRule):
    """Continuous dwell without moving about; each later stage raises the severity by one step."""

    after_s: float = setting(schema.number(0, 86400, above=True), 30.0, help="seconds of dwell before it is loitering")
    max_gyration_h: float = setting(
        schema.number(0, 20, above=True), 1.5, help="largest radius of gyration in body heights that still is staying"
    )
    stages: tuple[float, ...] = setting(
        _stages, (), help="seconds of dwell at which it is raised; after_s times 1, 2 and 4 when left out"
    )

    @property
    def stages_s(self) -> tuple[float, ...]:
        """The dwell at which each stage begins; the first is `after_s`."""
        return self.stages or (self.after_s, 2 * self.after_s, 4 * self.after_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCrossingRule(RuleConfig):
    """A person crossed a line in a direction that matters."""

    line: str = setting(schema.name, help="the name of a [[line]]")
    direction: str = setting(schema.choice("in", "out", "any"), "any", help="which crossings count")
    hold_s: float = setting(schema.number(0, 600), 5.0, help="seconds its incident stays open after a crossing")

    @property
    def place(self) -> str:
        return self.line


RULE_TABLES: dict[str, type[RuleConfig]] = {
    "restricted": RestrictedRule,
    "loitering": LoiteringRule,
    "line_crossing": LineCrossingRule,
}
