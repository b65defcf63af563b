"""The tables of the rules about how people move: running, wrong_way, erratic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import hypot

from agent import schema
from agent.rule_config.base import EVERYWHERE, HOLD, HOLD_HELP, AreaRule, Compare, Mistake, Reference, Tuned
from agent.schema import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningRule(AreaRule):
    """A person runs: body heights (about 1.7 m) a second; brisk walking is 1.0 to 1.2."""

    compares = (Compare("speed_h_s", ">=", "min_speed"),)
    tuned = Tuned("min_speed", 2.5)

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
    compares = (Compare("moved_h", ">=", "min_moved_h"), Compare("lasted_s", ">=", "after_s"))
    tuned = Tuned("min_moved_h", 4.0)

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

    compares = (Compare("path_ratio", ">=", "min_ratio"), Compare("turns", ">=", "min_turns"))
    tuned = Tuned("min_ratio", 3.0)

    over_s: float = setting(schema.number(1, 120), 20.0, help="seconds of the way that are looked at")
    min_ratio: float = setting(schema.number(1, 100), 4.0, help="length of the way over the distance made")
    min_turns: int = setting(schema.integer(1, 100), 4, help="how many sharp turns")
    turn_deg: float = setting(schema.number(10, 170), 60.0, help="a turn is sharp from this angle")
    leg_h: float = setting(schema.number(0.1, 5), 0.5, help="shortest leg that counts, body heights")
    hold_s: float = setting(HOLD, 10.0, help=HOLD_HELP)
