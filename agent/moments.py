"""When something happened that another device tells of: its words for a time, on this camera's monotonic clock."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from hal.ports import Clock

AHEAD_S = 2.0
"""Clocks that agree may differ by so much; what is further ahead is a mistake."""

Seconds = Annotated[float, Meta(ge=0, le=86_400)]
Utc = Annotated[str, Meta(max_length=40)]


class Told(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How another device may say when: at most one of `utc` (ISO 8601 with its offset) and `age_s` (seconds ago).

    Without any it is now. `synchronised` is false where its clock was not set, `error_s` is by how much it may be off.
    """

    utc: Utc | None = None
    age_s: Seconds | None = None
    synchronised: bool = True
    error_s: Seconds = 0.0


class BadMoment(ValueError):
    """A time that cannot be used; the text says why and what to send instead."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A time on this camera's monotonic clock, give or take `error_s` (infinite: nobody knows when)."""

    t_s: float
    error_s: float


def moment_of(told: Told, clock: Clock, *, least_error_s: float = 0.0, oldest_s: float) -> Moment:
    """What `told` means here. `oldest_s` is how long ago it may be, `least_error_s` what the clocks may differ anyway.

    An absolute time is worth nothing (an infinite error) while either clock is not set. Raises BadMoment.
    """
    now_s, error_s = clock.monotonic(), max(told.error_s, least_error_s)
    if told.utc is not None and told.age_s is not None:
        raise BadMoment("give either utc or age_s, not both")
    if told.utc is None:
        age_s = told.age_s or 0.0
        error_s = max(told.error_s, least_error_s if age_s else 0.0)
    else:
        wall = clock.wall()
        utc_s = _seconds(told.utc)
        if not (wall.synchronised and told.synchronised):
            return Moment(now_s, math.inf)
        age_s = wall.utc_s - utc_s
    if age_s < -(error_s + AHEAD_S):
        raise BadMoment(f"is {-age_s:.0f} s ahead of this camera's clock; set the clocks, or send age_s")
    if age_s > oldest_s:
        raise BadMoment(f"is {age_s:.0f} s old; nothing older than {oldest_s:.0f} s is of use")
    return Moment(now_s - max(age_s, 0.0), error_s)


def _seconds(utc: str) -> float:
    try:
        moment = datetime.fromisoformat(utc)
    except ValueError:
        raise BadMoment("utc is no ISO 8601 time such as 2026-11-21T18:30:00Z") from None
    if moment.tzinfo is None:
        raise BadMoment("utc lacks its offset: end it with Z, or with one such as +01:00")
    try:
        return moment.timestamp()
    except (OverflowError, ValueError):
        raise BadMoment("utc is no time that a calendar can show") from None
