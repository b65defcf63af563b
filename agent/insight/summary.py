"""Many rows of insight summed up by place, for people. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Row = Mapping[str, Any]


def summary_lines(rows: Iterable[Row]) -> Iterator[str]:
    """A line for each thing that was counted at each place."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["what"], row.get("zone") or row.get("line") or "everywhere"), []).append(row)
    for (what, place), group in sorted(groups.items()):
        yield f"{place:16}  {SUMMARIES[what](group)}"


def _crossings(rows: list[Row]) -> str:
    return f"{sum(row['in'] for row in rows)} in, {sum(row['out'] for row in rows)} out"


def _occupancy(rows: list[Row]) -> str:
    watched_s = sum(row["watched_s"] for row in rows)
    mean = sum(row["mean"] * row["watched_s"] for row in rows) / watched_s if watched_s else 0.0
    return f"{mean:.1f} people on average while there were any, {max(row['peak'] for row in rows)} at most"


def _dwell(rows: list[Row]) -> str:
    visits = sum(row["visits"] for row in rows)
    mean_s = sum(row["mean_s"] * row["visits"] for row in rows) / visits
    return f"{visits} visits of {mean_s:.0f} s on average"


def _wait(rows: list[Row]) -> str:
    visits = sum(row["visits"] for row in rows)
    mean_s = sum(row["mean_s"] * row["visits"] for row in rows) / visits
    return f"{visits} people waited {mean_s:.0f} s on average"


SUMMARIES = {"crossings": _crossings, "occupancy": _occupancy, "dwell": _dwell, "queue_wait": _wait}
