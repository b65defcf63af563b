"""The tables that configure the rules: one dataclass a kind, with its parameters, defaults and help."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import hypot
from typing import ClassVar, NamedTuple

from agent import schema
from agent.domain import FactKind, Severity, ZoneKind
from agent.schema import setting

WARNING = Severity.WARNING
EVERYWHERE = "everywhere"
EXEMPTING = (FactKind.GRANT, FactKind.STAFF)
NOTICING = (FactKind.PIR, FactKind.DOOR)
NAMES = schema.many(schema.name)
HOLD = schema.number(0, 600)
HOLD_HELP = "seconds it lasts after it was last seen"


class Reference(NamedTuple):
    """A setting that names something in another table; `kinds` are those that it must be one of, if any."""

    key: str
    table: str
    word: str
    kinds: tuple[str, ...] = ()


class Mistake(NamedTuple):
    """Settings of one rule that do not go together."""

    key: str
    message: str
    hint: str


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

    outside: ClassVar[bool] = False
    """Whether its schedule says when it does NOT apply."""
    usually: ClassVar[tuple[str, ...]] = ()
    """The optional settings without which it makes no sense."""

    @property
    def place(self) -> str:
        """What it watches, for its name."""
        return EVERYWHERE

    def references(self) -> Iterator[Reference]:
        """What it names in other tables."""
        yield from (Reference("actions", "output", action) for action in self.actions)
        if self.schedule is not None:
            yield Reference("schedule", "schedule", self.schedule)

    def mistakes(self) -> Iterator[Mistake]:
        """What does not go together."""
        return iter(())


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneRule(RuleConfig):
    """A rule about one zone."""

    zone: str = setting(schema.name, help="the name of a [[zone]]")

    zone_kinds: ClassVar[tuple[ZoneKind, ...]] = ()
    """The kinds of zone it is for; empty means any."""

    @property
    def place(self) -> str:
        return self.zone

    def references(self) -> Iterator[Reference]:
        yield from RuleConfig.references(self)
        yield Reference("zone", "zone", self.zone, self.zone_kinds)


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaRule(RuleConfig):
    """A rule about one zone, or about the whole picture."""

    zone: str | None = setting(schema.name, None, help="the name of a [[zone]]; the whole picture when left out")

    @property
    def place(self) -> str:
        return self.zone or EVERYWHERE

    def references(self) -> Iterator[Reference]:
        yield from RuleConfig.references(self)
        if self.zone is not None:
            yield Reference("zone", "zone", self.zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class RestrictedRule(ZoneRule):
    """A confirmed person in a restricted zone. Its schedule says when people MAY be there; without one, never.

    An access grant lets one person in; while a staff input is active everybody may be there.
    """

    outside = True
    zone_kinds = (ZoneKind.RESTRICTED,)

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

    def references(self) -> Iterator[Reference]:
        yield from RuleConfig.references(self)
        yield Reference("line", "line", self.line)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningRule(AreaRule):
    """A person runs: body heights (about 1.7 m) a second; brisk walking is 1.0 to 1.2."""

    min_speed: float = setting(schema.number(0.5, 6), 1.6, help="slowest speed that is running, body heights a second")
    over_s: float = setting(schema.number(0.3, 3), 1.0, help="seconds over which it must be kept up")
    hold_s: float = setting(HOLD, 2.0, help=HOLD_HELP)


def _direction(raw: object) -> tuple[float, float]:
    x, y = schema.many(schema.number(-1, 1), least=2, most=2)(raw)
    if hypot(x, y) < 0.01:
        raise schema.Bad("points nowhere", hint="such as [1, 0] for to the right, [0, 1] for down the picture")
    return x, y


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongWayRule(AreaRule):
    """A person walks against the way that is allowed: along `toward`, or through `line` inwards."""

    usually = ("toward",)

    toward: tuple[float, float] | None = setting(
        _direction, None, help="the allowed way in the picture, [x to the right, y down]"
    )
    line: str | None = setting(schema.name, None, help='the name of a [[line]]; its "in" is the allowed way')
    max_cosine: float = setting(
        schema.number(-1, 0.5), -0.5, help="cosine to the allowed way below which it is the wrong one"
    )
    after_s: float = setting(schema.number(0, 60), 1.5, help="seconds of going the wrong way")
    min_moved_h: float = setting(schema.number(0, 20), 1.0, help="body heights gone the wrong way")
    hold_s: float = setting(HOLD, 2.0, help=HOLD_HELP)

    @property
    def place(self) -> str:
        return self.zone or self.line or EVERYWHERE

    def references(self) -> Iterator[Reference]:
        yield from AreaRule.references(self)
        if self.line is not None:
            yield Reference("line", "line", self.line)

    def mistakes(self) -> Iterator[Mistake]:
        if (self.toward is None) == (self.line is None):
            yield Mistake("toward", "needs either `toward` or `line`", "give the one allowed way")


@dataclass(frozen=True, slots=True, kw_only=True)
class ErraticRule(AreaRule):
    """A person goes to and fro without getting anywhere."""

    over_s: float = setting(schema.number(1, 120), 20.0, help="seconds of the way that are looked at")
    min_ratio: float = setting(schema.number(1, 100), 4.0, help="length of the way over the distance made")
    min_turns: int = setting(schema.integer(1, 100), 4, help="how many sharp turns")
    turn_deg: float = setting(schema.number(10, 170), 60.0, help="a turn is sharp from this angle")
    leg_h: float = setting(schema.number(0.1, 5), 0.5, help="shortest leg that counts, body heights")
    hold_s: float = setting(HOLD, 2.0, help=HOLD_HELP)


@dataclass(frozen=True, slots=True, kw_only=True)
class CrowdingRule(AreaRule):
    """Too many people at once; over when two fewer are left."""

    max_people: int = setting(schema.integer(2, 1000), 10, help="so many people are a crowd")
    after_s: float = setting(schema.number(0, 3600), 10.0, help="seconds it must last")


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRule(ZoneRule):
    """A queue is long or takes long. The wait is its length over the rate at which people leave it."""

    zone_kinds = (ZoneKind.QUEUE,)

    severity: Severity = setting(schema.severity, Severity.INFO, help="how much its incidents matter")
    max_length: int = setting(schema.integer(1, 1000), 5, help="so many people standing are a long queue")
    max_wait_s: float = setting(schema.number(1, 86400), 300.0, help="seconds of waiting that are long")
    max_speed: float = setting(
        schema.number(0.01, 2), 0.2, help="who is slower stands in the queue, body heights a second"
    )
    after_s: float = setting(schema.number(0, 3600), 10.0, help="seconds it must last")


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisitRule(ZoneRule):
    """Somebody comes back to one zone again and again; the visits counted survive a restart."""

    min_visits: int = setting(schema.integer(2, 100), 3, help="so many visits are one too many")
    within_s: float = setting(schema.number(10, 86400), 1200.0, help="seconds within which they count")
    in_s: float = setting(schema.number(0, 3600), 5.0, help="seconds inside that make a visit")
    out_s: float = setting(schema.number(0, 3600), 20.0, help="seconds outside before another stay is another visit")


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterHoursRule(AreaRule):
    """A confirmed person when the shop is closed: its schedule holds the opening hours. One incident for the place.

    It is critical when a PIR or a door has told of somebody, too.
    """

    outside = True
    usually = ("schedule",)

    after_s: float = setting(schema.number(0, 60), 1.0, help="seconds for which one person must have been followed")
    sensor_s: float = setting(schema.number(0, 600), 10.0, help="seconds between camera and sensor at most")
    inputs: tuple[str, ...] = setting(NAMES, (), help="PIR and door inputs that make it critical; all when left out")
    hold_s: float = setting(HOLD, 10.0, help=HOLD_HELP)

    def references(self) -> Iterator[Reference]:
        yield from AreaRule.references(self)
        yield from (Reference("inputs", "input", word, NOTICING) for word in self.inputs)

    def mistakes(self) -> Iterator[Mistake]:
        if self.schedule is None:
            yield Mistake("schedule", "missing", "name the [[schedule]] of the opening hours")


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistanceRule(ZoneRule):
    """A customer waits at a shelf and no staff has been near: a service, never an alarm."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class TailgatingRule(RuleConfig):
    """More people come in through a line than were granted access; each grant lets one person in."""

    line: str = setting(schema.name, help="the name of a [[line]]")
    direction: str = setting(schema.choice("in", "out"), "in", help="the way in")
    before_s: float = setting(schema.number(0, 60), 1.0, help="seconds by which somebody may be in before the grant")
    after_s: float = setting(schema.number(0, 600), 6.0, help="seconds after a grant within which it is used")
    inputs: tuple[str, ...] = setting(NAMES, (), help="the grant inputs that count; all when left out")
    hold_s: float = setting(HOLD, 10.0, help=HOLD_HELP)

    @property
    def place(self) -> str:
        return self.line

    def references(self) -> Iterator[Reference]:
        yield from RuleConfig.references(self)
        yield Reference("line", "line", self.line)
        yield from (Reference("inputs", "input", word, (FactKind.GRANT,)) for word in self.inputs)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutBypassRule(RuleConfig):
    """Somebody was in a `high_value` zone and leaves, by a line or an `exit` zone, without having been at a till.

    It is critical when something about them looked like concealing.
    """

    usually = ("line",)

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

    def mistakes(self) -> Iterator[Mistake]:
        if (self.line is None) == (self.zone is None):
            yield Mistake("line", "needs either `line` or `zone`", "say where people leave")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusualForHourRule(ZoneRule):
    """A zone is far busier than it usually is at this hour of the week, which is learned on the spot.

    It is silent for the first seven days and only informs up to the fourteenth.
    """

    measure: str = setting(
        schema.choice("count", "dwell"), "count", help="people who come in, or the minutes they spend in it"
    )
    false_per_day: float = setting(
        schema.number(0.001, 1), 0.05, help="false alarms a day that are bearable, which sets how far is far"
    )


RULE_TABLES: dict[str, type[RuleConfig]] = {
    "restricted": RestrictedRule,
    "loitering": LoiteringRule,
    "line_crossing": LineCrossingRule,
    "running": RunningRule,
    "wrong_way": WrongWayRule,
    "erratic": ErraticRule,
    "crowding": CrowdingRule,
    "queue": QueueRule,
    "revisit": RevisitRule,
    "after_hours": AfterHoursRule,
    "assistance": AssistanceRule,
    "tailgating": TailgatingRule,
    "checkout_bypass": CheckoutBypassRule,
    "unusual_for_hour": UnusualForHourRule,
}
