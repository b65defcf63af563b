"""A benchmark's rows: figure, target and verdict, as JSON lines, as a table for people, and as a part of a document."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools import target

Json = None | bool | int | float | str


@dataclass(frozen=True, slots=True)
class Row:
    """One figure against its target, or the reason why it was not measured.

    `goal` is the number in the list of goals, `value` what was found, `target` the most it may be, or the least with
    `at_least` (None where a figure is only told). `detail` says what was divided by what, with the times behind it.
    """

    goal: str
    figure: str
    value: float | None
    target: float | None
    detail: str = ""
    at_least: bool = False

    @property
    def verdict(self) -> str:
        return target.verdict(self.value, self.target, at_least=self.at_least)

    @property
    def wanted(self) -> str:
        """The target in words."""
        return target.wanted(self.target, at_least=self.at_least)

    def fields(self) -> dict[str, Json]:
        """The row as one JSON object."""
        value = None if self.value is None else float(f"{self.value:.4g}")
        return {
            "type": "benchmark",
            "goal": self.goal,
            "figure": self.figure,
            "value": value,
            "target": self.wanted,
            "verdict": self.verdict,
            "detail": self.detail,
        }


def not_measured(goal: str, figure: str, target: float | None, reason: str) -> Row:
    """A row for what cannot be measured here."""
    return Row(goal, figure, None, target, reason)


def exit_code(rows: Sequence[Row]) -> int:
    """1 when a target was missed; what could not be measured is no miss."""
    return int(any(row.verdict == "missed" for row in rows))


def as_json(row: Row) -> str:
    """One line."""
    return json.dumps(row.fields())


def as_text(row: Row) -> str:
    """One line for a terminal."""
    return f"{row.goal:>3}  {row.figure:<58} {_number(row.value):>8} {row.wanted:>8}  {row.verdict}"


def as_markdown(rows: Sequence[Row]) -> str:
    """A table; the details stand below it, by goal."""
    lines = ["| goal | figure | measured | target | verdict |", "|---|---|---|---|---|"]
    lines += [f"| {row.goal} | {row.figure} | {_number(row.value)} | {row.wanted} | {row.verdict} |" for row in rows]
    details = [f"- {row.goal}, {row.figure}: {row.detail}." for row in rows if row.detail]
    return "\n".join([*lines, "", *details])


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.3f}"


def write_section(path: Path, name: str, text: str) -> None:
    """Put `text` between the markers of section `name`, and leave the rest of the document as it is.

    A document without that section gets it at its end; a missing document is made.
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    section = f"{begin}\n{text.strip()}\n{end}"
    document = path.read_text(encoding="utf-8") if path.exists() else ""
    before, found, rest = document.partition(begin)
    if not found:
        document = f"{document.rstrip()}\n\n{section}\n".lstrip()
    else:
        document = f"{before}{section}{rest.partition(end)[2]}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document, encoding="utf-8")
