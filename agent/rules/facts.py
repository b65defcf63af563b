"""What sensors tell: facts on the frames' clock, kept as long as a rule may ask for them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

from agent.domain import FactKind, TillKind

__all__ = ["Fact", "FactBook", "FactKind", "Grants", "TillEvent", "TillKind", "Told"]

KEEP_S = 3600.0
KEEP_MOST = 2000
_time = itemgetter(0)


@dataclass(frozen=True, slots=True)
class Fact:
    """An input changed: `source` is its name, `t_s` is on the frames' clock, `active` false when it fell back."""

    kind: FactKind
    source: str
    t_s: float
    active: bool = True


@dataclass(frozen=True, slots=True)
class TillEvent:
    """What a till booked at `t_s` on the frames' clock, give or take `error_s` (infinite: nobody knows when).

    `terminal` and `id` name it once and for all, `zone` is the [[zone]] on the customers' side of the terminal.
    """

    terminal: str
    id: str
    kind: TillKind
    zone: str
    t_s: float
    error_s: float


Told = Fact | TillEvent


class FactBook:
    """The facts of the last hour, in the order of their times however they came in; at one time, as they came."""

    def __init__(self) -> None:
        self._history: dict[tuple[FactKind, str], list[tuple[float, bool]]] = {}

    def add(self, fact: Fact) -> None:
        """Note a fact; one that is late finds its place. The oldest of its source are forgotten."""
        history = self._history.setdefault((fact.kind, fact.source), [])
        insort(history, (fact.t_s, fact.active), key=_time)
        spent = bisect_left(history, history[-1][0] - KEEP_S, key=_time)
        # The last one before the hour still tells the level at its beginning.
        del history[: max(spent - 1, len(history) - KEEP_MOST, 0)]

    def moments(
        self, kinds: Collection[FactKind], start_s: float, end_s: float, sources: Collection[str] = ()
    ) -> list[float]:
        """When inputs of these kinds became active within [start, end], in order; no `sources` means any."""
        if not self._history:
            return []
        return sorted(
            t_s
            for history in self._histories(kinds, sources)
            for t_s, active in _between(history, start_s, end_s)
            if active
        )

    def active(self, kinds: Collection[FactKind], start_s: float, end_s: float, sources: Collection[str] = ()) -> bool:
        """Whether an input of these kinds was active at any time within [start, end]."""
        return bool(self._history) and any(
            _active(history, start_s, end_s) for history in self._histories(kinds, sources)
        )

    def latest(self, kinds: Collection[FactKind], sources: Collection[str] = ()) -> Iterator[tuple[str, float, bool]]:
        """The last change of every input of these kinds, however long ago: source, when, and whether to active."""
        for (kind, source), history in self._history.items():
            if kind in kinds and (not sources or source in sources):
                yield source, *history[-1]

    def _histories(self, kinds: Collection[FactKind], sources: Collection[str]) -> list[list[tuple[float, bool]]]:
        return [
            history
            for (kind, source), history in self._history.items()
            if kind in kinds and (not sources or source in sources)
        ]


class Grants:
    """The grants that were used: each lets one person in, and is forgotten as late as the fact itself."""

    def __init__(self) -> None:
        self._used: list[float] = []

    def use(self, moments: Sequence[float]) -> bool:
        """Use up the first of these grants that is still free; false when there is none."""
        if not moments:
            return False
        used = Counter(self._used)
        for t_s in moments:
            if not used[t_s]:
                self._used.append(t_s)
                return True
            used[t_s] -= 1
        return False

    def forget(self, now_s: float) -> None:
        """Drop what was used longer ago than facts are kept."""
        if self._used and now_s - self._used[0] > KEEP_S:
            self._used = [t_s for t_s in self._used if now_s - t_s <= KEEP_S]


def _between(history: list[tuple[float, bool]], start_s: float, end_s: float) -> list[tuple[float, bool]]:
    return history[bisect_left(history, start_s, key=_time) : bisect_right(history, end_s, key=_time)]


def _active(history: list[tuple[float, bool]], start_s: float, end_s: float) -> bool:
    first = bisect_right(history, start_s, key=_time)
    last = bisect_right(history, end_s, key=_time)
    return (first > 0 and history[first - 1][1]) or any(active for _, active in history[first:last])
