"""Every kind of rule, and how one is made from its table for the place where the camera looks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from agent.config import Config
from agent.domain import Point, ZoneKind
from agent.rule_config import CheckoutBypassRule, ConcealmentRule, RuleConfig, WrongWayRule
from agent.rules.base import Rule
from agent.rules.baseline import UnusualForHour
from agent.rules.beside import Border
from agent.rules.counting import Crowding, Queue
from agent.rules.crossing import LineCrossing
from agent.rules.doors import CheckoutBypass, Tailgating
from agent.rules.movement import Running, WrongWay
from agent.rules.objects import CAME, WENT, UnattendedObject
from agent.rules.pacing import Erratic
from agent.rules.panic import DIRECT, Panic
from agent.rules.pose_concealment import Concealment
from agent.rules.pose_fall import Fall
from agent.rules.pose_tampering import TagTampering
from agent.rules.presence import AfterHours, Assistance, Loitering, Restricted
from agent.rules.shelf import ShelfSweep
from agent.rules.till import PosException
from agent.rules.visits import Revisit


class Site:
    """The place as configured: the numbers of its zones and lines, for a picture of this aspect (width / height)."""

    def __init__(self, config: Config, aspect: float) -> None:
        self.config = config
        self.aspect = aspect
        self._zones = {zone.name: number for number, zone in enumerate(config.zones)}
        self._lines = {line.name: number for number, line in enumerate(config.lines)}

    def zone(self, name: str) -> int:
        """The number of a zone."""
        return self._zones[name]

    def polygon(self, name: str) -> tuple[Point, ...]:
        """The corners of a zone."""
        return self.config.zones[self._zones[name]].polygon

    def corners(self, name: str | None) -> tuple[Point, ...] | None:
        """The corners of a zone, None for the whole picture."""
        return None if name is None else self.polygon(name)

    def area(self, name: str | None) -> int | None:
        """The number of a zone, None for the whole picture."""
        return None if name is None else self._zones[name]

    def border(self, name: str) -> Border:
        """The border of a zone, for a rule that counts who stands at it, too."""
        return Border(self._zones[name], self.polygon(name), self.aspect)

    def line(self, name: str) -> int:
        """The number of a line."""
        return self._lines[name]

    def zones(self, names: Sequence[str], kind: ZoneKind) -> frozenset[int]:
        """The numbers of the zones named, or of all of that kind."""
        chosen = (zone for zone in self.config.zones if zone.name in names or (not names and zone.kind == kind))
        return frozenset(self._zones[zone.name] for zone in chosen)

    def inward(self, name: str) -> tuple[float, float]:
        """The direction in the picture that is "in" at a line: to the right hand of its way from first to last."""
        points = self.config.lines[self._lines[name]].points
        return points[0].y - points[-1].y, (points[-1].x - points[0].x) * self.aspect


def _wrong_way(rule: WrongWayRule, site: Site) -> Rule:
    way = site.inward(rule.line) if rule.line else rule.toward
    assert way is not None, "the configuration was checked"
    return WrongWay(rule, site.area(rule.zone), way)


def _checkout_bypass(rule: CheckoutBypassRule, site: Site) -> Rule:
    goods, tills = site.zones(rule.goods, ZoneKind.HIGH_VALUE), site.zones(rule.tills, ZoneKind.CHECKOUT)
    return CheckoutBypass(rule, goods, tills, site.area(rule.zone), None if rule.line is None else site.line(rule.line))


def _concealment(rule: ConcealmentRule, site: Site) -> Rule:
    return Concealment(rule, goods_fronts(site.config, rule))


def goods_fronts(config: Config, rule: ConcealmentRule) -> list[tuple[str, tuple[Point, ...]]]:
    """The shelves into which hands reach: their names and where their goods are seen."""
    kinds = (ZoneKind.SHELF, ZoneKind.HIGH_VALUE)
    chosen = (z for z in config.zones if z.name in rule.shelves or (not rule.shelves and z.kind in kinds))
    return [(zone.name, zone.goods) for zone in chosen]


RULES: dict[str, Callable[[Any, Site], Rule]] = {
    "restricted": lambda rule, site: Restricted(rule, site.zone(rule.zone)),
    "loitering": lambda rule, site: Loitering(rule, site.zone(rule.zone)),
    "line_crossing": lambda rule, site: LineCrossing(rule, site.line(rule.line)),
    "after_hours": lambda rule, site: AfterHours(rule, site.area(rule.zone)),
    "assistance": lambda rule, site: Assistance(rule, site.zone(rule.zone)),
    "tailgating": lambda rule, site: Tailgating(rule, site.line(rule.line)),
    "checkout_bypass": _checkout_bypass,
    "unusual_for_hour": lambda rule, site: UnusualForHour(rule, site.zone(rule.zone)),
    "running": lambda rule, site: Running(rule, site.area(rule.zone)),
    "wrong_way": _wrong_way,
    "erratic": lambda rule, site: Erratic(rule, site.area(rule.zone)),
    "crowding": lambda rule, site: Crowding(rule, None if rule.zone is None else site.border(rule.zone)),
    "queue": lambda rule, site: Queue(rule, site.border(rule.zone)),
    "revisit": lambda rule, site: Revisit(rule, site.zone(rule.zone)),
    "pos_exception": lambda rule, site: PosException(rule, site.zone(rule.zone), site.polygon(rule.zone)),
    "panic": lambda rule, site: Panic(rule),
    "shelf_sweep": lambda rule, site: ShelfSweep(rule, site.zone(rule.zone)),
    "left_object": lambda rule, site: UnattendedObject(rule, CAME, site.corners(rule.zone)),
    "removed_object": lambda rule, site: UnattendedObject(rule, WENT, site.corners(rule.zone)),
    "fall": lambda rule, site: Fall(rule, site.area(rule.zone)),
    "concealment": _concealment,
    "tag_tampering": lambda rule, site: TagTampering(rule, site.area(rule.zone)),
}
WALKING = ("running", "wrong_way", "erratic", "queue")
"""The kinds that look at trails; without any of them nobody's feet are followed."""


def make_rules(config: Config, aspect: float) -> list[Rule]:
    """The configured rules, in their order, less those that are run from the inputs themselves."""
    site = Site(config, aspect)

    def make(rule: RuleConfig) -> Rule:
        return RULES[rule.kind](rule, site)

    return [make(rule) for rule in config.rules if rule.kind not in DIRECT]
