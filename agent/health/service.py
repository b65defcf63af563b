"""The service log: what people did to the camera, and which trends begin anew by it; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from agent.domain import Json
from agent.health.forecast import Served
from agent.health.history import DAY_S
from agent.health.watched import PARTS, Watched, concerned, parts_named


class Service(msgspec.Struct, frozen=True):
    """One entry: who did what to which parts, and when (UTC)."""

    utc_s: float
    words: str
    parts: tuple[str, ...]
    by: str = ""

    @property
    def day(self) -> int:
        """The day since 1970."""
        return int(self.utc_s // DAY_S)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics whose course begins anew by it."""
        return concerned(self.parts)

    def facts(self) -> dict[str, Json]:
        """As JSON."""
        return {"utc_s": self.utc_s, "words": self.words, "parts": [*self.parts], "by": self.by}


def entry(utc_s: float, words: str, parts: Sequence[str], by: str) -> Service:
    """An entry about the parts given, else about those that its words name. Raises ValueError for an unknown part."""
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no part: one of {', '.join(PARTS)}")
    return Service(utc_s, words, tuple(parts) or parts_named(words), by)


def last_served(services: Iterable[Service], watched: Watched) -> Served:
    """When a metric was last restored, and last touched."""
    restored = touched = -1
    for one in services:
        if set(one.parts) & set(watched.parts):
            restored = max(restored, one.day)
        elif set(one.parts) & set(watched.touched_by):
            touched = max(touched, one.day)
    return Served(restored, touched)
