"""Matches what the rules said with what truly happened, in time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from hal.simulated.scenario.truth import Happening
from tools.rule_scores.runs import Outcome, Said

EARLY_S, LATE_S = 2.0, 5.0
"""How much before its beginning and after its end a happening may be noticed."""


@dataclass
class Tally:
    """What was counted for one rule.

    `found` of `happened` sure happenings were noticed; `onset_s` holds how late each was after a camera could know of
    it, `since_s` after it truly began, in sight or not; `false` was said without anything of the kind; `repeats` were
    further incidents about a happening already noticed; `unsure` were about happenings that may be counted either
    way.
    """

    happened: int = 0
    found: int = 0
    false: int = 0
    repeats: int = 0
    unsure: int = 0
    onset_s: list[float] = field(default_factory=list)
    since_s: list[float] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Take another's counts in."""
        self.happened += other.happened
        self.found += other.found
        self.false += other.false
        self.repeats += other.repeats
        self.unsure += other.unsure
        self.onset_s += other.onset_s
        self.since_s += other.since_s

    @property
    def recall(self) -> float:
        return self.found / self.happened if self.happened else 0.0

    @property
    def precision(self) -> float:
        said = self.found + self.false
        return self.found / said if said else 0.0

    @property
    def precision_bounds(self) -> tuple[float, float]:
        """The precision if all that is unsure were false, and if all of it were right."""
        said = self.found + self.false + self.unsure
        return (self.found / said, (self.found + self.unsure) / said) if said else (0.0, 0.0)

    @property
    def f1(self) -> float:
        both = 2 * self.found + self.false + (self.happened - self.found)
        return 2 * self.found / both if both else 0.0


def tally(outcomes: Iterable[Outcome], kind: str, late_s: float = LATE_S) -> Tally:
    """The counts of one rule over many days; noticing may take `late_s` past the end of a happening."""
    total = Tally()
    for outcome in outcomes:
        truth = [one for one in outcome.truth if one.kind == kind]
        total.add(match(truth, [one for one in outcome.said if one.kind == kind], late_s=late_s))
    return total


def match(truth: Iterable[Happening], said: Iterable[Said], *, late_s: float = LATE_S) -> Tally:
    """Give everything said to the nearest happening that it may be about; kinds, places and directions must agree."""
    counts = Tally()
    happened = list(truth)
    counts.happened = sum(one.sure for one in happened)
    noticed: set[int] = set()
    for word in sorted(said, key=lambda word: word.t_s):
        number = _about(word, happened, noticed, late_s)
        if number is None:
            counts.false += 1
        elif not happened[number].sure:
            counts.unsure += 1
        elif number in noticed:
            counts.repeats += 1
        else:
            noticed.add(number)
            counts.found += 1
            counts.onset_s.append(happened[number].off_s(word.t_s))
            counts.since_s.append(word.t_s - happened[number].start_s)
    return counts


def _about(word: Said, happened: Sequence[Happening], noticed: set[int], late_s: float) -> int | None:
    """The number of the happening that `word` may be about: a sure one not yet noticed first, then the nearest."""
    fitting = [
        number
        for number, one in enumerate(happened)
        if (one.kind, one.place) == (word.kind, word.place)
        and one.direction in ("", word.direction)
        and one.start_s - EARLY_S <= word.t_s <= one.end_s + late_s
    ]

    def order(number: int) -> tuple[bool, bool, float]:
        one = happened[number]
        return number in noticed, not one.sure, abs(word.t_s - one.start_s)

    return min(fitting, key=order, default=None)
