"""What the tables of all rules have in common, and how a setting names something in another table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from agent import schema
from agent.domain import FactKind, Json, Severity, ZoneKind
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


class Want(NamedTuple):
    """What a rule cannot do without: a `table` of which at least one has one of `words` as its `attribute`.

    `key` is the setting that would name it.
    """

    key: str
    table: str
    attribute: str
    words: tuple[str, ...]


class Mistake(NamedTuple):
    """Settings of one rule that do not go together."""

    key: str
    message: str
    hint: str


class Compare(NamedTuple):
    """A measured factor of a hit and the setting that it must reach (`>=`) or stay within (`<=`).

    Where the limit is learned and not set, `setting` names the factor of the hit that holds it. What does not `decide`
    was measured, but an incident may open without it.
    """

    factor: str
    op: str
    setting: str
    decides: bool = True

    def measured(self, factors: Mapping[str, Json]) -> float | None:
        """The factor's value; None where it was not measured."""
        return number_of(factors.get(self.factor))

    def limit(self, rule: RuleConfig, factors: Mapping[str, Json]) -> float | None:
        """What it is compared with; None where neither setting nor factor tells."""
        return (
            number_of(getattr(rule, self.setting, None))
            if hasattr(rule, self.setting)
            else number_of(factors.get(self.setting))
        )


def number_of(value: object) -> float | None:
    """A number, bare or as the `value` of a weighted factor; None for anything else."""
    if isinstance(value, Mapping):
        value = value.get("value")
    return float(value) if isinstance(value, int | float) else None


class Tuned(NamedTuple):
    """The setting that the alert budget may make stricter, up to `most` times what is configured.

    Its `Compare` must be of the kind `>=`.
    """

    setting: str
    most: float


class Rise(NamedTuple):
    """What gives an incident a higher severity: a factor that reaches `value`, or is true."""

    factor: str
    value: float | bool
    severity: Severity


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
    needs: ClassVar[tuple[str, ...]] = ()
    """The senses, by their names in `agent.rules.senses.Senses`, without which it is unavailable."""
    uses: ClassVar[tuple[str, ...]] = ()
    """The senses that it takes into account where there are any."""
    compares: ClassVar[tuple[Compare, ...]] = ()
    """What its hits measure against its settings, for `explain`."""
    either: ClassVar[bool] = False
    """Whether one of its `compares` is enough."""
    otherwise: ClassVar[tuple[str, ...]] = ()
    """What else would have kept it from opening, in words; `{setting}` stands for a setting's value."""
    tuned: ClassVar[Tuned | None] = None
    """What the alert budget may change about it; None for a rule that is exempt or has nothing to tune."""

    @property
    def place(self) -> str:
        """What it watches, for its name."""
        return EVERYWHERE

    def references(self) -> Iterator[Reference]:
        """What it names in other tables."""
        yield from (Reference("actions", "output", action) for action in self.actions)
        if self.schedule is not None:
            yield Reference("schedule", "schedule", self.schedule)

    def wants(self) -> Iterator[Want]:
        """Without what in other tables it could never open an incident, or would never keep from it."""
        return iter(())

    def mistakes(self) -> Iterator[Mistake]:
        """What does not go together."""
        return iter(())

    def rises(self) -> Iterator[Rise]:
        """What makes its incidents more severe, least first."""
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
