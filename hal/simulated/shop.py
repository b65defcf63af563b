"""The floor plan of a simulated shop, read from TOML: furniture, doors, lamps, zones, lines, places, camera."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib import resources
from typing import Any

import numpy as np

from hal.simulated.optics import Optics

Xy = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Block:
    """A box of furniture: `rect` is x0, y0, x1, y1 on the floor, `z` bottom and top, all in metres."""

    name: str
    rect: tuple[float, float, float, float]
    z: tuple[float, float]
    sides: str
    top: str = "top"


@dataclass(frozen=True, slots=True)
class Door:
    """An open doorway in a wall (`north`, `east`, `south` or `west`) between two places along it."""

    wall: str
    start: float
    end: float
    height: float


@dataclass(frozen=True, slots=True)
class Lamp:
    """A ceiling light over a floor point."""

    at: Xy
    power: float


@dataclass(frozen=True, slots=True)
class Decal:
    """A flat picture on the floor (`rect`) or on a wall (`span` along it, `z` from and to)."""

    texture: str
    rect: tuple[float, float, float, float] | None = None
    wall: str = ""
    span: Xy = (0.0, 0.0)
    z: Xy = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Zone:
    """A named area: `floor` in metres, `polygon` as the camera sees it (0..1)."""

    name: str
    kind: str
    floor: tuple[Xy, ...]
    polygon: tuple[Xy, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A named line: `floor` in metres, `points` as seen (0..1), `inside` a seen point on the shop's side of it."""

    name: str
    floor: tuple[Xy, ...]
    points: tuple[Xy, ...]
    inside: Xy
    inside_floor: Xy


@dataclass(frozen=True, slots=True)
class Place:
    """Where a person stops: kinds are door, browse, linger, till and stock."""

    name: str
    kind: str
    at: Xy
    facing_deg: float


@dataclass(frozen=True)
class Layout:
    """One shop and the camera in it. `style` seeds the goods, the walls and the floor.

    `things` are what people put down: they leave the looks of everything else as it is.
    """

    name: str
    size: Xy
    height: float
    floor: str
    style: int
    optics: Optics
    blocks: tuple[Block, ...] = ()
    doors: tuple[Door, ...] = ()
    lamps: tuple[Lamp, ...] = ()
    decals: tuple[Decal, ...] = ()
    zones: tuple[Zone, ...] = ()
    lines: tuple[Line, ...] = ()
    places: tuple[Place, ...] = ()
    things: tuple[Block, ...] = ()

    def of_kind(self, kind: str) -> tuple[Place, ...]:
        """The places of one kind, in the order of the file."""
        return tuple(place for place in self.places if place.kind == kind)

    def with_aspect(self, aspect: float) -> Layout:
        """The same shop seen in another picture format (width / height)."""
        optics = replace(self.optics, aspect=aspect)
        zones = tuple(replace(zone, polygon=optics.floor_polygon(zone.floor)) for zone in self.zones)
        lines = tuple(seen_line(line.name, line.floor, line.inside_floor, optics) for line in self.lines)
        return replace(self, optics=optics, zones=zones, lines=lines)

    @cached_property
    def solids(self) -> tuple[Block, ...]:
        """All that hides people: the furniture and the walls with their doorways left open."""
        return self.blocks + tuple(piece for wall in WALLS for piece in self.wall_pieces(wall))

    def wall_pieces(self, wall: str) -> tuple[Block, ...]:
        """One wall as boxes round its doorways; they touch the room from outside."""
        along = self.size[0] if wall in ("north", "south") else self.size[1]
        doors = sorted((d for d in self.doors if d.wall == wall), key=lambda door: door.start)
        pieces, at = [], 0.0
        for door in doors:
            pieces += [(at, door.start, 0.0), (door.start, door.end, door.height)]
            at = door.end
        pieces.append((at, along, 0.0))
        return tuple(self._wall_block(wall, a, b, low) for a, b, low in pieces if b > a and low < self.height)

    def _wall_block(self, wall: str, start: float, end: float, low: float) -> Block:
        (width, depth), thick = self.size, WALL_M
        rect = {
            "north": (start, depth, end, depth + thick),
            "south": (start, -thick, end, 0.0),
            "east": (width, start, width + thick, end),
            "west": (-thick, start, 0.0, end),
        }[wall]
        return Block(f"{wall} wall", rect, (low, self.height), "wall", "wall")


WALLS = ("north", "east", "south", "west")
WALL_M = 0.12


@cache
def load_layout(name: str = "shop") -> Layout:
    """A layout shipped with the package. Raises FileNotFoundError for an unknown name."""
    return parse_layout((resources.files("hal.simulated") / f"{name}.toml").read_text("utf-8"))


def parse_layout(text: str) -> Layout:
    """A layout from TOML text. Raises tomllib.TOMLDecodeError, KeyError or TypeError for a malformed one."""
    raw = tomllib.loads(text)
    camera = raw["camera"]
    optics = Optics(_floats(camera["position"]), _floats(camera["look_at"]), float(camera["hfov_deg"]))
    return Layout(
        name=raw["name"],
        size=_floats(raw["size"]),
        height=raw["height"],
        floor=raw["floor"],
        style=raw["style"],
        optics=optics,
        blocks=tuple(Block(**_tuples(block)) for block in raw.get("blocks", ())),
        doors=tuple(Door(d["wall"], d["from"], d["to"], d["height"]) for d in raw.get("doors", ())),
        lamps=tuple(Lamp(**_tuples(lamp)) for lamp in raw.get("lamps", ())),
        decals=tuple(Decal(**_tuples(decal)) for decal in raw.get("decals", ())),
        zones=tuple(_zone(zone, optics) for zone in raw.get("zones", ())),
        lines=tuple(_line(line, optics) for line in raw.get("lines", ())),
        places=tuple(Place(**_tuples(place)) for place in raw.get("places", ())),
    )


def _floats(values: list[float]) -> Any:
    return tuple(float(v) for v in values)


def _tuples(table: dict[str, Any]) -> dict[str, Any]:
    """Lists of a TOML table as tuples, so that the values can be hashed."""
    return {key: _floats(value) if isinstance(value, list) else value for key, value in table.items()}


def _zone(table: dict[str, Any], optics: Optics) -> Zone:
    floor = tuple(_floats(corner) for corner in table["floor"])
    return Zone(table["name"], table["kind"], floor, optics.floor_polygon(floor))


def _line(table: dict[str, Any], optics: Optics) -> Line:
    return seen_line(table["name"], tuple(_floats(point) for point in table["floor"]), _floats(table["inside"]), optics)


def seen_line(name: str, floor: tuple[Xy, ...], inside: Xy, optics: Optics) -> Line:
    """A floor line as a camera sees it."""
    xy, _ = optics.project(np.array([(x, y, 0.0) for x, y in (*floor, inside)]))
    seen = tuple((float(u), float(v)) for u, v in xy)
    return Line(name, floor, seen[:-1], seen[-1], inside)
