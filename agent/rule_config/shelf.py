"""The tables of the rules about things: shelf_sweep, left_object, removed_object."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from agent import schema
from agent.domain import FactKind, ZoneKind
from agent.rule_config.base import HOLD, NAMES, AreaRule, Compare, Mistake, Reference, Tuned, ZoneRule
from agent.schema import setting

SHARE = schema.number(0, 1, above=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelfSweepRule(ZoneRule):
    """Somebody empties a shelf: so many items, or so much of its front, within seconds (twice as much by several).

    The shelf is the `front` of its zone (the polygon itself where none is drawn). What people hide is judged when they
    step aside; a part hidden for longer than `hidden_s` is not counted, since nobody can say how fast it went. Filling
    a shelf is no sweep: what is put in counts against what is taken, and nothing counts while a staff input is active
    or when whoever took it had been at the shelf for `stay_s`.
    """

    zone_kinds = (ZoneKind.SHELF, ZoneKind.HIGH_VALUE)
    needs = ("changes",)
    compares = (Compare("items", ">=", "items"), Compare("share", ">=", "area"))
    either = True
    otherwise = ("an active staff input", "whoever did it at the shelf for {stay_s} s")
    tuned = Tuned("items", 3.0)

    items: int = setting(schema.integer(1, 200), 5, help="items that are gone")
    area: float = setting(SHARE, 0.2, help="or share of the shelf's front that is changed and not filled")
    within_s: float = setting(schema.number(1, 600), 30.0, help="seconds within which it happened")
    item_size: float = setting(
        schema.number(0.0005, 0.5), 0.01, help="share of the shelf's front that a larger item takes"
    )
    hidden_s: float = setting(schema.number(1, 600), 90.0, help="seconds for which people may hide what they do")
    stay_s: float = setting(schema.number(10, 3600), 120.0, help="seconds at the shelf from which somebody fills it")
    inputs: tuple[str, ...] = setting(NAMES, (), help="the staff inputs that exempt; all when left out")
    hold_s: float = setting(HOLD, 30.0, help="seconds it lasts after the last item went")

    def references(self) -> Iterator[Reference]:
        yield from ZoneRule.references(self)
        yield from (Reference("inputs", "input", word, (FactKind.STAFF,)) for word in self.inputs)


@dataclass(frozen=True, slots=True, kw_only=True)
class _ObjectRule(AreaRule):
    """What the rules about things on the floor and walls have in common."""

    needs = ("changes",)
    compares = (Compare("alone_s", ">=", "after_s"),)
    otherwise = ("whoever it may belong to within {owner_h} body heights", "a staff input active when it happened")
    tuned = Tuned("after_s", 4.0)

    after_s: float = setting(schema.number(1, 3600), 60.0, help="seconds with nobody near whom it may belong to")
    owner_h: float = setting(schema.number(0.5, 20), 3.0, help="body heights within which somebody is near")
    min_area: float = setting(SHARE, 0.001, help="smallest share of the picture")
    max_area: float = setting(SHARE, 0.1, help="largest share of the picture")
    inputs: tuple[str, ...] = setting(NAMES, (), help="the staff inputs that exempt; all when left out")

    def references(self) -> Iterator[Reference]:
        yield from AreaRule.references(self)
        yield from (Reference("inputs", "input", word, (FactKind.STAFF,)) for word in self.inputs)

    def mistakes(self) -> Iterator[Mistake]:
        if self.min_area >= self.max_area:
            yield Mistake("min_area", "is not below max_area", "give the smallest share of the picture first")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftObjectRule(_ObjectRule):
    """Something stands where nothing stood, and whoever was there when it came is no longer near.

    While somebody stands beside it who was there from the first, or it is hidden, the time does not run; who appears
    where its owner was lost is taken for the owner. What is put into a shelf's front is none, nor is what came while a
    staff input was active; doors, screens and other things that move by themselves belong into a `motion_mask`.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedObjectRule(_ObjectRule):
    """Something that always stood or hung there is gone, and so is whoever was there when it went.

    Others may stand where it was. What is taken out of a shelf's front is none (see `shelf_sweep`), nor is what went
    while a staff input was active.
    """
