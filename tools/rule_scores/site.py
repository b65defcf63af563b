"""A simulated shop as the agent's configuration: its zones, its line with "in" towards the shop, and the rules."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator

from agent.config import Config, parse_config
from agent.fitting.mount import Mount
from agent.rule_config import RULE_TABLES
from hal.simulated.scenario.day import DayPlan
from hal.simulated.scenario.gateway import gateway, seen_way
from hal.simulated.shop import Layout, Line, Xy, Zone

CROWD, LONG_QUEUE = 4, 3
CLOCK_ERROR_S = 3.0
"""By how much the card reader's clock may be off, as its maker says."""
READER = '[[input]]\nname = "reader"\nkind = "grant"'

RULES_OF_KIND: dict[str, tuple[str, ...]] = {
    "restricted": ("restricted",),
    "high_value": ("loitering", "revisit", "assistance"),
    "queue": ("crowding", "queue"),
    "checkout": ("pos_exception",),
}
"""Which rules watch a zone of a kind."""


def config_of(layout: Layout, plan: DayPlan, rules: Collection[str], mount: Mount | None = None) -> Config:
    """The configuration of a camera in this shop with those of `rules` that exist and have a place here; `mount` is
    what was measured when it was fitted.
    """
    parts = ['[camera]\nname = "scored"', f'[[schedule]]\nname = "open"\n{_hours(plan)}']
    parts += [_hung(mount)] if mount else []
    parts += [_zone(zone) for zone in layout.zones]
    if "wrong_way" in rules:
        parts.append(_zone(gateway(layout)))
    parts += [_line(line) for line in layout.lines]
    parts += [READER, *(_till(zone) for zone in layout.zones if zone.kind == "checkout")]
    parts += [_rule(*rule) for rule in _rules(layout, plan) if rule[0] in rules and rule[0] in RULE_TABLES]
    return parse_config("\n".join(parts), source=layout.name)


def _rules(layout: Layout, plan: DayPlan) -> Iterator[tuple[str, str]]:
    """Kind and settings of every rule that has a place in this shop."""
    extra = {
        "loitering": f"after_s = {plan.after_s}",
        "crowding": f"max_people = {CROWD}",
        "queue": f"max_length = {LONG_QUEUE}",
    }
    for zone in layout.zones:
        for kind in RULES_OF_KIND.get(zone.kind, ()):
            yield kind, f'zone = "{zone.name}"\n{extra.get(kind, "")}'
    yield "running", ""
    yield "erratic", ""
    yield "wrong_way", f'zone = "gateway"\ntoward = {_direction(seen_way(layout))}'
    for line in layout.lines:
        yield "tailgating", f'line = "{line.name}"\nclock_error_s = {CLOCK_ERROR_S}'
        yield "checkout_bypass", f'line = "{line.name}"'
    yield "after_hours", 'schedule = "open"'


def _rule(kind: str, settings: str) -> str:
    return f'[[rule]]\nkind = "{kind}"\n{settings}'


def _hung(mount: Mount) -> str:
    """As a walk test saves it."""
    return f"[mount]\nheight_m = {mount.height_m:.2f}\ntilt_deg = {mount.tilt_deg:.1f}\nview_deg = {mount.view_deg:.1f}"


def _hours(plan: DayPlan) -> str:
    return f'start = "{_clock(plan.opens_h)}"\nend = "{_clock(plan.closes_h)}"'


def _clock(hour: float) -> str:
    return f"{int(hour):02}:{round(hour % 1 * 60):02}"


def _zone(zone: Zone) -> str:
    return f'[[zone]]\nname = "{zone.name}"\nkind = "{zone.kind}"\npolygon = {_points(zone.polygon)}'


def _till(zone: Zone) -> str:
    return f'[[till]]\nterminal = "{zone.name}"\nzone = "{zone.name}"'


def _line(line: Line) -> str:
    return f'[[line]]\nname = "{line.name}"\npoints = {_points(_inward(line))}'


def _inward(line: Line) -> tuple[Xy, ...]:
    """The line's points in the order that makes its inner side the right hand's: that is where "in" goes."""
    (ax, ay), (bx, by) = line.points[0], line.points[-1]
    right_hand = (bx - ax) * (line.inside[1] - ay) - (by - ay) * (line.inside[0] - ax)
    return line.points if right_hand > 0 else line.points[::-1]


def _direction(way: Xy) -> list[float]:
    return [round(part / math.hypot(*way), 3) for part in way]


def _points(points: tuple[Xy, ...]) -> list[list[float]]:
    return [[round(min(max(x, 0.0), 1.0), 5), round(min(max(y, 0.0), 1.0), 5)] for x, y in points]
