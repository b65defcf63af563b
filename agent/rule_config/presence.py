"""The tables of the rules about being somewhere: restricted, loitering, after_hours, assistance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from agent import schema
from agent.domain import FactKind, Severity, ZoneKind
from agent.rule_config.base import (
    EXEMPTING,
    HOLD,
    HOLD_HELP,
    NAMES,
    NOTICING,
    AreaRule,
    Compare,
    Mistake,
    Reference,
    Rise,
    Tuned,
    ZoneRule,
)
from agent.schema import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class RestrictedRule(ZoneRule):
    """A confirmed person in a restricted zone. Its schedule says when people MAY be there; without one, never.

    An access grant lets one person in; while a staff input is active everybody may be there.
    """

    outside = True
    zone_kinds = (ZoneKind.RESTRICTED,)
    otherwise = ("an access grant within {grant_s} s before they came in", "an active staff input")

    inputs: tuple[str, ...] = setting(NAMES, (), help="the grant and staff inputs that exempt; all when left out")
    grant_s: float = setting(schema.number(0, 600), 30.0, help="seconds within which a grant must be used")

    def references(self) -> Iterator[Reference]:
        yield from ZoneRule.references(self)
        yield from (Reference("inputs", "input", word, EXEMPTING) for word in self.inputs)


def _stages(raw: object) -> tuple[float, ...]:
    return schema.rising(schema.many(schema.number(0, 86400, above=True), least=1, most=8))(raw)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoiteringRule(ZoneRule):
    """Continuous dwell without moving about; each later stage raises the severity by one step."""

    compares = (Compare("dwell_s", ">=", "after_s"), Compare("gyration_h", "<=", "max_gyration_h"))
    tuned = Tuned("after_s", 4.0)

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

    def mistakes(self) -> Iterator[Mistake]:
        if self.stages and self.stages[0] != self.after_s:
            message = f"begin at {self.stages[0]:g} s, but loitering begins at {self.after_s:g} s"
            yield Mistake("stages", message, f"set after_s = {self.stages[0]:g}, too")

    def rises(self) -> Iterator[Rise]:
        for steps, stage_s in enumerate(self.stages_s[1:], 1):
            if self.severity + steps <= Severity.CRITICAL:
                yield Rise("dwell_s", stage_s, Severity(self.severity + steps))


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterHoursRule(AreaRule):
    """A confirmed person when the shop is closed: its schedule holds the opening hours. One incident for the place.

    It is critical when a PIR or a door has told of somebody, too.
    """

    outside = True
    usually = ("schedule",)
    otherwise = ("opening hours that cover the time",)
    compares = (Compare("followed_s", ">=", "after_s"), Compare("log_odds", ">=", "min_log_odds"))

    after_s: float = setting(schema.number(0, 60), 1.0, help="seconds for which one person must have been followed")
    sensor_s: float = setting(schema.number(0, 600), 10.0, help="seconds between camera and sensor at most")
    inputs: tuple[str, ...] = setting(NAMES, (), help="PIR and door inputs that make it critical; all when left out")
    fuse: bool = setting(
        schema.flag, False, help="weigh the camera against PIR, door and thermal array (docs/inputs.md)"
    )
    min_log_odds: float = setting(
        schema.number(-5, 5), 0.0, help="with fuse: log-odds of a person that are enough; 0 is even"
    )
    hold_s: float = setting(HOLD, 10.0, help=HOLD_HELP)

    def references(self) -> Iterator[Reference]:
        yield from AreaRule.references(self)
        yield from (Reference("inputs", "input", word, NOTICING) for word in self.inputs)

    def mistakes(self) -> Iterator[Mistake]:
        if self.schedule is None:
            yield Mistake("schedule", "missing", "name the [[schedule]] of the opening hours")

    def rises(self) -> Iterator[Rise]:
        yield Rise("sensor", True, Severity.CRITICAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistanceRule(ZoneRule):
    """A customer waits at a shelf and no staff has been near: a service, never an alarm."""

    compares = (Compare("dwell_s", ">=", "after_s"),)
    otherwise = ("staff near within {staff_within_s} s",)

    severity: Severity = setting(schema.severity, Severity.INFO, help="always info")
    after_s: float = setting(schema.number(1, 86400), 120.0, help="seconds somebody must have been there")
    staff_within_s: float = setting(schema.number(0, 3600), 300.0, help="seconds in which no staff was near")
    inputs: tuple[str, ...] = setting(NAMES, (), help="the staff inputs that count; all when left out")

    def references(self) -> Iterator[Reference]:
        yield from ZoneRule.references(self)
        yield from (Reference("inputs", "input", word, (FactKind.STAFF,)) for word in self.inputs)

    def mistakes(self) -> Iterator[Mistake]:
        if self.severity != Severity.INFO or self.actions:
            yield Mistake("severity", "assistance is a service, never an alarm", "leave out severity and actions")
