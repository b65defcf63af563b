"""The visits of a day at a shelf: customers, thieves, staff, and people who leave things behind or take them away."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from hal.simulated.goods import Front
from hal.simulated.itinerary import Planner
from hal.simulated.scenario.day import SensorInput
from hal.simulated.scenario.shelf_diary import Diary, ShelfPlan
from hal.simulated.scenario.ways import Happening
from hal.simulated.scripts import Stage
from hal.simulated.shop import Block, Layout, Place
from hal.simulated.sight import Occluders

F64 = NDArray[np.float64]

QUIET_S = 150.0
"""Nobody comes at first: the camera has just been hung up and learns."""
STAFF_KEY = "staff-key"
SWEEP_ITEMS = 5
ALONE_S = 60.0
NOTICED_S = 45.0
"""After somebody has stepped aside, or a thing was alone for long enough, it should be noticed within this time."""
SPOTS_KEPT = 3
"""So many things in a row never stand in the same place."""
CONTRAST = 12.0
"""An item stands out from what is behind it by so many levels; what takes dark goods off a dark board shows nothing."""
SIZES_M: dict[str, tuple[float, float, float, str]] = {
    "bag": (0.34, 0.24, 0.36, "bag"),
    "box": (0.42, 0.36, 0.36, "cartons"),
    "pram": (0.55, 0.8, 0.9, "bag"),
}
"""Width, depth, height and looks of the things people bring."""


def acted(layout: Layout, front: Front, contrast: F64, plan: ShelfPlan, rng: np.random.Generator) -> Diary:
    """The diary of a day on which all that is planned happens, in random order; the items have this `contrast` (n,)."""
    acts = Acts(layout, front, contrast, Stage(layout, 0, rng))
    acts.furnish(plan.removed)
    wanted: list[tuple[Callable[[float], float], int]] = [
        (acts.shop, plan.shoppers), (acts.sweep, plan.sweeps), (acts.refill, plan.refills), (acts.tidy, plan.tidies),
        (acts.leave_behind, plan.left), (acts.remove, plan.removed), (acts.park, plan.parked),
        (acts.fetch_at_once, plan.fetched),
    ]  # fmt: skip
    queue = [act for act, count in wanted for _ in range(count)]
    t_s = QUIET_S
    for number in rng.permutation(len(queue)):
        t_s = queue[number](t_s) + float(rng.uniform(-6.0, 15.0))
    return acts.diary


class Acts:
    """Plans one act after the other: each takes the moment when somebody comes and gives the one when it is over."""

    def __init__(self, layout: Layout, front: Front, contrast: F64, stage: Stage) -> None:
        self._contrast = contrast
        self._layout, self._front, self._stage, self._rng = layout, front, stage, stage.rng
        self._zone = next(zone.name for zone in layout.zones if zone.kind == "high_value")
        self._walls = Occluders(layout)
        inside = ((front.quads >= 0) & (front.quads <= 1)).all((1, 2))
        self._seen = np.flatnonzero(inside & ~self._walls.hide(front.spots)).tolist()
        self._gone: set[int] = set()
        self._spots: list[tuple[float, float, float, float]] = []
        self._displays: list[tuple[tuple[Block, ...], Place]] = []
        self.diary = Diary()

    def furnish(self, displays: int) -> None:
        """Put up things that are there from the beginning."""
        for _ in range(displays):
            if spot := self._spot("box"):
                self.diary.set_down(0.0, spot[0])
                self._displays.append(spot)

    def shop(self, t_s: float) -> float:
        """Take none to three items and perhaps put one back."""
        place, plan = self._go("linger", t_s)
        items = self._near(place)[: int(self._rng.choice([0, 0, 1, 1, 2, 3]))]
        self._take(plan, place, items, self._stage.between(3, 14))
        if items and self._rng.random() < 0.3:
            self._put(plan, place, items[:1], 3.0)
        return self._out("shopper", plan)

    def sweep(self, t_s: float) -> float:
        """Take six items and more within seconds."""
        place, plan = self._go("linger", t_s)
        plan.stay(self._stage.between(0, 12), place.facing_deg, "browse")
        items = self._near(place)[: int(self._rng.integers(6, 25))]
        if len(items) < 6:
            return self.refill(t_s)
        taken_s = self._take(plan, place, items, self._stage.between(4, 20))
        end_s = self._out("sweeper", plan)
        sure = int((self._contrast[items] >= CONTRAST).sum()) >= SWEEP_ITEMS
        start_s, until_s = taken_s[SWEEP_ITEMS - 1], end_s + NOTICED_S
        self.diary.truth.append(Happening("shelf_sweep", 0, start_s, until_s, self._zone, sure=sure))
        return end_s

    def refill(self, t_s: float) -> float:
        """Staff put back all that is missing, every other time without their key."""
        place, plan = self._go("linger", t_s)
        begun_s = plan.time_s
        missing = sorted(self._gone)
        self._put(plan, place, missing, max(10.0, 2.5 * len(missing)))
        if self._rng.random() < 0.5:
            self.diary.inputs.append(SensorInput("staff", STAFF_KEY, begun_s))
            self.diary.inputs.append(SensorInput("staff", STAFF_KEY, plan.time_s + 5.0, active=False))
        return self._out("staff", plan)

    def tidy(self, t_s: float) -> float:
        """Take some items off, wipe the board, put them back; five of them without a key look like a sweep."""
        place, plan = self._go("linger", t_s)
        items = self._near(place)[: int(self._rng.integers(3, 9))]
        taken_s = self._take(plan, place, items, 2.0 * len(items) + 2.0)
        if len(items) >= SWEEP_ITEMS:
            until_s = plan.time_s + NOTICED_S
            self.diary.truth.append(Happening("shelf_sweep", 0, taken_s[0], until_s, self._zone, sure=False))
        plan.stay(self._stage.between(5, 20), place.facing_deg, "reach", 0.9)
        self._put(plan, place, items, 2.0 * len(items) + 2.0)
        return self._out("staff", plan)

    def leave_behind(self, t_s: float) -> float:
        """Put something down and go; staff fetch it later."""
        spot = self._spot(str(self._rng.choice(["bag", "box", "pram"])))
        if spot is None:
            return t_s
        thing, place = spot
        plan = self._walk(place, t_s).stay(self._stage.between(2, 8), place.facing_deg, "browse")
        down_s = plan.time_s - 1.0
        end_s = self._out("leaver", plan)
        fetched_s = self._fetch(place, end_s + ALONE_S + self._stage.between(60, 120))
        self.diary.set_down(down_s, thing)
        self.diary.pick_up(fetched_s, thing)
        self.diary.truth.append(Happening("left_object", 0, down_s + ALONE_S, fetched_s, ""))
        return end_s

    def remove(self, t_s: float) -> float:
        """Take something away that was always there."""
        if not self._displays:
            return t_s
        thing, place = self._displays.pop()
        plan = self._walk(place, t_s).stay(3.0, place.facing_deg, "browse")
        gone_s = plan.time_s - 1.0
        end_s = self._out("remover", plan)
        self.diary.pick_up(gone_s, thing)
        until_s = end_s + 2 * ALONE_S + NOTICED_S
        self.diary.truth.append(Happening("removed_object", 0, gone_s + ALONE_S, until_s, ""))
        return end_s

    def park(self, t_s: float) -> float:
        """Put something down, stay beside it, take it along."""
        spot = self._spot(str(self._rng.choice(["bag", "pram", "pram"])))
        if spot is None:
            return t_s
        thing, place = spot
        plan = self._walk(place, t_s)
        self.diary.set_down(plan.time_s + 1.0, thing)
        plan.stay(self._stage.between(30, 140), place.facing_deg, "browse")
        self.diary.pick_up(plan.time_s - 1.0, thing)
        return self._out("parker", plan)

    def fetch_at_once(self, t_s: float) -> float:
        """Forget something, and come back for it within half a minute."""
        spot = self._spot("bag")
        if spot is None:
            return t_s
        thing, place = spot
        plan = self._walk(place, t_s).stay(3.0, place.facing_deg, "browse")
        self.diary.set_down(plan.time_s - 1.0, thing)
        gone_s = self._out("forgetter", plan)
        fetched_s = self._fetch(place, gone_s + self._stage.between(5, 20))
        self.diary.pick_up(fetched_s, thing)
        return fetched_s + 8.0

    def _fetch(self, place: Place, t_s: float) -> float:
        """Somebody comes for a thing; when they take it."""
        plan = self._walk(place, t_s).stay(3.0, place.facing_deg, "browse")
        taken_s = plan.time_s - 1.0
        self._out("fetcher", plan)
        return taken_s

    def _go(self, kind: str, t_s: float) -> tuple[Place, Planner]:
        place = self._stage.pick(kind)
        return place, self._walk(place, t_s)

    def _walk(self, place: Place, t_s: float) -> Planner:
        return self._stage.walk(Planner(self._stage.pick("door").at, t_s), place, spread_m=0.1)

    def _out(self, role: str, plan: Planner) -> float:
        """Leave; when the person is out."""
        way = self._stage.walk(plan, self._stage.pick("door"), spread_m=0.0).done()
        self.diary.cast.append((role, way))
        return way.end_s

    def _near(self, place: Place) -> list[int]:
        """The items that can be taken from a place, those next to a random one first."""
        spots = self._front.spots
        near = [
            k
            for k in self._seen
            if k not in self._gone and math.dist(spots[k, :2], place.at) < 1.0 and 0.25 < spots[k, 2] < 1.9
        ]
        return self._front.around(near[int(self._rng.integers(len(near)))], near) if near else []

    def _take(self, plan: Planner, place: Place, items: Sequence[int], seconds: float) -> list[float]:
        """Reach for items one after the other; when each left the shelf."""
        times_s = [plan.time_s + 0.5 + k * (seconds - 1.0) / len(items) for k in range(len(items))]
        for t_s, item in zip(times_s, items, strict=True):
            self.diary.take(t_s, item)
        self._gone |= set(items)
        plan.stay(seconds, place.facing_deg, "reach", self._stage.between(0.8, 1.4))
        return times_s

    def _put(self, plan: Planner, place: Place, items: Sequence[int], seconds: float) -> None:
        """Put items back one after the other."""
        for number, item in enumerate(items):
            self.diary.put(plan.time_s + 0.5 + number * (seconds - 1.0) / len(items), item)
        self._gone -= set(items)
        plan.stay(seconds, place.facing_deg, "reach", self._stage.between(0.8, 1.4))

    def _spot(self, kind: str) -> tuple[tuple[Block, ...], Place] | None:
        """A thing in the open where the camera sees it, and the place beside which it stands."""
        wide, deep, tall, looks = SIZES_M[kind]
        self._spots = self._spots[-SPOTS_KEPT:]
        for _ in range(40):
            place = self._stage.pick(str(self._rng.choice(["browse", "linger", "till"])))
            angle, away_m = self._rng.uniform(0, 2 * math.pi), 0.45 + max(wide, deep) / 2
            x, y = place.at[0] + away_m * math.cos(angle), place.at[1] + away_m * math.sin(angle)
            thing = Block(kind, (x - wide / 2, y - deep / 2, x + wide / 2, y + deep / 2), (0.0, tall), looks, looks)
            if self._is_open(thing):
                self._spots.append(thing.rect)
                return (thing,), place
        return None

    def _is_open(self, thing: Block) -> bool:
        """Whether all of a thing is seen and nothing stands in its place."""
        x0, y0, x1, y1 = thing.rect
        corners = np.array([(x, y, z) for x in (x0, x1) for y in (y0, y1) for z in thing.z])
        xy, depth = self._layout.optics.project(corners)
        framed = ((xy > 0.02) & (xy < 0.98)).all() and (depth > 1.0).all()
        standing = (*self._layout.blocks, *(block for blocks, _ in self._displays for block in blocks))
        taken = [*(block.rect for block in standing), *self._spots]
        clear = all(not _overlap(thing.rect, rect, 0.08) for rect in taken)
        width, deep = self._layout.size
        return bool(
            framed and clear and x0 > 0.1 and x1 < width and y0 > 0.1 and y1 < deep - 0.1
            and not self._walls.hide(corners).any()
        )  # fmt: skip


def _overlap(a: tuple[float, ...], b: tuple[float, ...], gap: float) -> bool:
    return a[0] < b[2] + gap and b[0] < a[2] + gap and a[1] < b[3] + gap and b[1] < a[3] + gap
