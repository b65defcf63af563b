"""The tables of the rules that count people: line_crossing, crowding, queue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from agent import schema
from agent.domain import Severity, ZoneKind
from agent.rule_config.base import AreaRule, Compare, Reference, RuleConfig, Tuned, ZoneRule
from agent.schema import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCrossingRule(RuleConfig):
    """A person crossed a line in a direction that matters."""

    otherwise = ("turning back", 'another direction than "{direction}"')

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
class CrowdingRule(AreaRule):
    """Too many people at once; over when two fewer are left."""

    compares = (Compare("people", ">=", "max_people"), Compare("lasted_s", ">=", "after_s"))
    tuned = Tuned("max_people", 3.0)

    max_people: int = setting(schema.integer(2, 1000), 10, help="so many people are a crowd")
    after_s: float = setting(schema.number(0, 3600), 10.0, help="seconds it must last")


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRule(ZoneRule):
    """A queue is long or takes long. The wait is its length over the rate at which people leave it."""

    zone_kinds = (ZoneKind.QUEUE,)
    compares = (Compare("length", ">=", "max_length"), Compare("wait_s", ">=", "max_wait_s"))
    either = True

    severity: Severity = setting(schema.severity, Severity.INFO, help="how much its incidents matter")
    max_length: int = setting(schema.integer(1, 1000), 5, help="so many people standing are a long queue")
    max_wait_s: float = setting(schema.number(1, 86400), 300.0, help="seconds of waiting that are long")
    max_speed: float = setting(
        schema.number(0.01, 2), 0.2, help="who is slower stands in the queue, body heights a second"
    )
    after_s: float = setting(schema.number(0, 3600), 10.0, help="seconds it must last")
