"""The table: a row per rule and figure, with target, verdict, 95 % bounds and prevalence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from tools import target
from tools.rule_scores.bounds import poisson, wilson
from tools.rule_scores.match import Tally

Json = None | bool | int | float | str
ONSET_S = 1.0


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of one rule; `value` is None where it was not measured, and `note` says why.

    `most` tells whether the target is the most or the least that is wanted; without a target the figure is only told.
    """

    rule: str
    figure: str
    value: float | None
    target: float | None = None
    most: bool = False
    bounds: tuple[float, float] | None = None
    prevalence: str = ""
    note: str = ""

    @property
    def verdict(self) -> str:
        return target.verdict(self.value, self.target, at_least=not self.most)

    @property
    def wanted(self) -> str:
        """The target in words."""
        return target.wanted(self.target, at_least=not self.most)

    def fields(self) -> dict[str, Json]:
        """The row as one JSON object."""
        low, high = self.bounds or (None, None)
        return {
            "type": "rule_score", "data": "simulated", "rule": self.rule, "figure": self.figure,
            "value": _rounded(self.value), "low": _rounded(low), "high": _rounded(high), "target": self.wanted,
            "verdict": self.verdict, "prevalence": self.prevalence, "note": self.note,
        }  # fmt: skip


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def share(
    rule: str,
    figure: str,
    hits: int,
    total: int,
    target: float | None = None,
    prevalence: str = "",
    note: str = "",
    *,
    most: bool = False,
) -> Row:
    """A share of `total` that should be high, or low where `most` is true."""
    if not total:
        return Row(rule, figure, None, target, most, note=note or "nothing of the kind happened")
    return Row(rule, figure, hits / total, target, most, bounds=wilson(hits, total), prevalence=prevalence, note=note)


def rate(rule: str, figure: str, count: int, exposure: float, target: float) -> Row:
    """Events per unit of exposure, which should be few."""
    return Row(rule, figure, count / exposure, target, most=True, bounds=poisson(count, exposure))


def f1(rule: str, tally: Tally, target: float, prevalence: str) -> Row:
    """The F1 score; its bounds are Wilson's for as many trials as the mean of what was said and what happened."""
    wrong = tally.happened - tally.found + tally.false
    if not tally.found + wrong:
        return Row(rule, "F1", None, target, note="nothing of the kind happened")
    bounds = wilson(2 * tally.found, 2 * tally.found + wrong)
    note = (
        f"{tally.found} of {tally.happened} found, {tally.false} false, {tally.repeats} repeated, {tally.unsure} unsure"
    )
    return Row(rule, "F1", tally.f1, target, bounds=bounds, prevalence=prevalence, note=note)


def presence(rule: str, tally: Tally, days: float) -> Iterator[Row]:
    """The rows of a rule about being somewhere too long or at all."""
    prevalence = f"{tally.happened / days:.2g} a camera-day"
    yield f1(rule, tally, 0.95, prevalence)
    yield rate(rule, "false alarms a camera-day", tally.false, days, 0.1)
    yield share(rule, f"onset within {ONSET_S:g} s of truth", _prompt(tally.onset_s), len(tally.onset_s), 0.95)
    yield share(rule, f"onset within {ONSET_S:g} s, in sight or not", _prompt(tally.since_s), len(tally.since_s))


def _prompt(late_s: Iterable[float]) -> int:
    return sum(abs(one) <= ONSET_S for one in late_s)


def accuracy(rule: str, figure: str, tally: Tally, target: float, prevalence: str) -> Row:
    """How well a counter counts: 1 less the share missed or counted too often."""
    wrong = tally.happened - tally.found + tally.false + tally.repeats
    right = max(tally.happened - wrong, 0)
    note = f"{tally.found} of {tally.happened} found, {tally.false + tally.repeats} too many, {tally.unsure} unsure"
    return share(rule, figure, right, tally.happened, target, prevalence=prevalence, note=note)


def precision_recall(
    rule: str, tally: Tally, days: float, least_precision: float, least_recall: float
) -> Iterator[Row]:
    """The rows of a rule judged by precision and recall; a remark tells what the unsure could make of the first."""
    prevalence = f"{tally.happened / days:.2g} a camera-day"
    said = tally.found + tally.false
    note = f"{tally.repeats} repeated, {tally.unsure} unsure" if said + tally.unsure else "nothing was said"
    if tally.unsure:
        note += ": {:.2f} if they were false, {:.2f} if right".format(*tally.precision_bounds)
    yield share(rule, "precision", tally.found, said, least_precision, prevalence=prevalence, note=note)
    yield share(rule, "recall", tally.found, tally.happened, least_recall, prevalence=prevalence)


def as_text(row: Row) -> str:
    """One line for a terminal."""
    return (
        f"{row.rule:<22} {row.figure:<34} {_number(row.value):>7} {_interval(row):>16} {row.wanted:>8}  "
        f"{row.verdict:<12} {row.prevalence}{'; ' if row.prevalence and row.note else ''}{row.note}"
    )


def as_markdown(rows: Sequence[Row]) -> str:
    """A table for a document."""
    lines = [
        "| rule | figure | simulated | 95 % bounds | target | verdict | prevalence | remarks |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.rule} | {row.figure} | {_number(row.value)} | {_interval(row)} | {row.wanted} | {row.verdict} "
        f"| {row.prevalence} | {row.note} |"
        for row in rows
    ]
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _interval(row: Row) -> str:
    return "" if row.bounds is None else f"{row.bounds[0]:.3f}..{row.bounds[1]:.3f}"


def told(rule: str, which: str, tally: Tally, days: float) -> Iterator[Row]:
    """The same of days that are only told of, without a target."""
    for row in precision_recall(rule, tally, days, 0.0, 0.0):
        yield replace(row, figure=f"{row.figure}, {which}", target=None)
