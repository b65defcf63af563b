"""What is drawn into the picture: zones, lines and masks."""

from __future__ import annotations

from dataclasses import dataclass

from agent import schema
from agent.domain import Point, ZoneKind
from agent.schema import setting


@dataclass(frozen=True, slots=True)
class ZoneConfig:
    """An area of the floor: people are in it with their feet. A shelf has its goods elsewhere, on its `front`."""

    name: str = setting(schema.name, help="what people call it")
    polygon: tuple[Point, ...] = setting(schema.polygon, help="its corners in order, each [x, y] 0..1")
    kind: str = setting(schema.choice(*(k.value for k in ZoneKind)), ZoneKind.GENERIC.value, help="what it is for")
    report_dwell: bool = setting(schema.flag, False, help="report how long each person stayed")
    front: tuple[Point, ...] = setting(
        schema.polygon, (), help="of a shelf: the corners of its front, where the goods are seen, each [x, y] 0..1"
    )

    @property
    def goods(self) -> tuple[Point, ...]:
        """Where the goods of a shelf are seen: its front, or the zone itself where none was drawn."""
        return self.front or self.polygon


@dataclass(frozen=True, slots=True)
class LineConfig:
    """A line people cross; "in" is from the left to the right hand of somebody walking from first to last point."""

    name: str = setting(schema.name, help="what people call it")
    points: tuple[Point, ...] = setting(schema.polyline, help="its points in order, each [x, y] 0..1")


@dataclass(frozen=True, slots=True)
class PrivacyMaskConfig:
    """An area burnt black in every picture before the model, the video, stills and viewers get it."""

    polygon: tuple[Point, ...] = setting(schema.polygon, help="its corners in order, each [x, y] 0..1")


@dataclass(frozen=True, slots=True)
class MaskConfig:
    """An area that is left out."""

    polygon: tuple[Point, ...] = setting(schema.polygon, help="its corners in order, each [x, y] 0..1")
