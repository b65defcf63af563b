"""Scores the doctor: 25 faults, one by one and in pairs; writes the table of docs/doctor.md.

`python -m tools.score_doctor` prints it; `--write` puts it into the page. `--looks N` asks a healthy camera so often as
well, with no, one and two programs a processor beside it that want it, for some minutes each.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from agent.doctor.finding import Finding
from agent.doctor.judge import judge
from tools.doctor_faults import FAULTS
from tools.doctor_healthy import Asked, healthy_looks
from tools.doctor_unit import healthy_unit

PAGE = Path(__file__).parent.parent / "docs" / "doctor.md"
BEGIN, END = "<!-- begin: tools/score_doctor.py -->", "<!-- end -->"
HEALTHY = "<!-- begin: tools/score_doctor.py --looks -->"
BURNERS = (0, 1, 2)
"""Programs a processor that want all of it, while a healthy camera is looked at."""


class Row(NamedTuple):
    """One fault: what should be named first, and what was found."""

    fault: str
    check: str
    found: Sequence[Finding]

    @property
    def right(self) -> bool:
        return bool(self.found) and self.found[0].check == self.check


def examined(*faults: str) -> list[Finding]:
    """What the doctor finds in a healthy unit with these faults put in."""
    with tempfile.TemporaryDirectory() as folder:
        unit = healthy_unit(Path(folder))
        for fault in faults:
            FAULTS[fault].put(unit)
        return judge(unit.facts())


def score() -> list[Row]:
    """Every fault alone."""
    return [Row(fault, FAULTS[fault].check, examined(fault)) for fault in FAULTS]


def pairs() -> list[tuple[str, str, Finding | None]]:
    """Every pair of faults, with what was named first."""
    found = []
    for one, other in itertools.combinations(FAULTS, 2):
        first = next(iter(examined(one, other)), None)
        found.append((one, other, first))
    return found


def pair_right(one: str, other: str, first: Finding | None) -> bool:
    """Whether one of the two is named first."""
    return first is not None and first.check in (FAULTS[one].check, FAULTS[other].check)


def table(rows: Sequence[Row], paired: Sequence[tuple[str, str, Finding | None]]) -> str:
    """The page's part."""
    lines = ["| fault put in | named first | | explained by it |", "|---|---|---|---|"]
    for row in rows:
        named = f"`{row.found[0].check}` {row.found[0].colour.name.lower()}" if row.found else "nothing"
        effects = ", ".join(f"`{one.check}`" for one in row.found if one.because == row.check) or "-"
        lines.append(f"| {row.fault} | {named} | {'right' if row.right else 'WRONG'} | {effects} |")
    right = sum(row.right for row in rows)
    both = sum(pair_right(*pair) for pair in paired)
    counts = [
        f"Named first: {right} of {len(rows)}.",
        f"Pairs of faults with one of the two named first: {both} of {len(paired)}.",
        f"Found in the healthy unit: {len(examined())}.",
    ]
    return "\n".join([*lines, "", " ".join(counts)])


def looks_table(looks: Mapping[int, Sequence[Asked]]) -> str:
    """The part about a healthy camera, by how many programs a processor were beside it."""
    head = "| programs beside it | load a processor | looks | nothing | the processors are taken | blamed |"
    lines = [head, "|---|---|---|---|---|---|"]
    for burners, asked in looks.items():
        loads = [one.load for one in asked]
        named = sum(bool(one.found) and not one.cried for one in asked)
        counts = (len(asked), sum(not one.found for one in asked), named, sum(one.cried for one in asked))
        lines.append(
            f"| {burners} a processor | {min(loads):.1f} to {max(loads):.1f} | {' | '.join(map(str, counts))} |"
        )
    blamed = sorted({check for asked in looks.values() for one in asked for check in one.found if one.cried})
    return "\n".join([*lines, "", f"Blamed although it is well: {', '.join(blamed) or 'nothing'}."])


def page_with(text: str, part: str, begin: str = BEGIN) -> str:
    """The page with its part made new."""
    head, rest = text.split(begin)
    return f"{head}{begin}\n\n{part}\n\n{END}{rest.split(END, 1)[1]}"


def main() -> None:
    """Print the tables, and write them where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put them into docs/doctor.md")
    parser.add_argument("--looks", type=int, default=0, help="so often at a healthy camera, too, each way")
    wish = parser.parse_args()
    parts = {BEGIN: table(score(), pairs())}
    if wish.looks:
        parts[HEALTHY] = looks_table({burners: list(healthy_looks(wish.looks, burners)) for burners in BURNERS})
    for begin, part in parts.items():
        print(part, end="\n\n")
        if wish.write:
            PAGE.write_text(page_with(PAGE.read_text(encoding="utf-8"), part, begin), encoding="utf-8")


if __name__ == "__main__":
    main()
