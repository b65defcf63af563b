"""What a section of the score is: one topic, measured by a function that returns the rows of the table."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import TypeVar

from tools.rule_scores.table import Row

S = TypeVar("S")
T = TypeVar("T")

HELD_OUT = 1000
"""The first of the seeds that are scored; constants are chosen on others, such as 5000."""
SHOPS = 5
TOWN = 10_000
"""So far apart are the first seeds of runs in other shops."""


@dataclass(frozen=True, slots=True)
class Run:
    """How the sections are measured: as a quick look or in full, with which seeds, in worker processes or (None) here.

    Seeds below 1000 belong to tests; `first_seed` and all that follow decide shops, people and errors alike.
    """

    quick: bool = False
    first_seed: int = HELD_OUT
    pool: Executor | None = None

    def amount(self, full: int, quick: int) -> int:
        """How many of something to run."""
        return quick if self.quick else full

    def seeds(self, count: int, offset: int = 0) -> range:
        """Seeds for `count` runs; `offset` keeps those of one topic off those of another."""
        return range(self.first_seed + offset, self.first_seed + offset + count)

    def layout(self, seed: int) -> int:
        """The number of the shop in which a seed's run takes place: the shipped shop and SHOPS random ones in turn."""
        shop = seed % (SHOPS + 1)
        return self.first_seed + shop if shop else 0

    def elsewhere(self, towns: int) -> list[Run]:
        """This run and others like it in SHOPS other shops each: where six shops are too few to speak for all."""
        return [replace(self, first_seed=self.first_seed + TOWN * town) for town in range(towns)]

    def map(self, work: Callable[[S], T], jobs: Iterable[S]) -> list[T]:
        """The results of `work` (a module's function) for the jobs, in their order, from the worker processes."""
        return list((map if self.pool is None else self.pool.map)(work, jobs))


@dataclass(frozen=True, slots=True)
class Section:
    """One topic: `about` says in a sentence or two what was simulated, `rows` measures."""

    name: str
    about: str
    rows: Callable[[Run], Iterable[Row]]
