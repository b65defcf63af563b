"""Plays walks and sensor facts through the rules and the incident book, clean or as a poor detector would see them."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from random import Random

from agent.config import parse_config
from agent.domain import Event, Incident, IncidentState, Track
from agent.rules.engine import RuleEngine
from agent.rules.facts import Fact
from agent.rules.incidents import IncidentBook

ASPECT = 16 / 9


class Stage:
    """An engine and a book that see the same frames. Frames without anybody are played up to `until_s`."""

    def __init__(self, text: str, *, minute: int | None = None) -> None:
        config = parse_config(text)
        self.engine = RuleEngine(config, ASPECT)
        self.minute = minute
        self.events: list[Event] = []
        self.incidents: list[Incident] = []
        self._book = IncidentBook(config.rules, "t")
        self._last_s = 0.0

    def play(self, tracks: Iterable[Track], facts: Sequence[Fact] = (), until_s: float = 0.0) -> "Stage":
        """Show everybody at their time, empty frames in between where nobody is seen for longer than half a second."""
        waiting = sorted(facts, key=lambda fact: fact.t_s)
        for t_s, group in groupby(sorted(tracks, key=lambda track: track.t_s), lambda track: track.t_s):
            self._wait(t_s, waiting)
            self._show(t_s, list(group), waiting)
        self._wait(until_s, waiting)
        return self

    def opened(self, kind: str = "") -> list[Incident]:
        """The incidents as they were opened."""
        return [i for i in self.incidents if i.state == IncidentState.OPEN and kind in ("", i.kind)]

    def closed(self) -> list[Incident]:
        """The incidents as they were closed."""
        return [i for i in self.incidents if i.state == IncidentState.CLOSED]

    def _wait(self, until_s: float, waiting: list[Fact]) -> None:
        while self._last_s + 0.5 < until_s:
            self._show(self._last_s + 0.5, [], waiting)

    def _show(self, t_s: float, tracks: list[Track], waiting: list[Fact]) -> None:
        while waiting and waiting[0].t_s <= t_s:
            self.engine.feed(waiting.pop(0))
        findings = self.engine.update(t_s, tracks, self.minute)
        self.events += findings.events
        self.incidents += self._book.update(t_s, findings.hits)
        self._last_s = t_s


def seen_badly(tracks: Iterable[Track], jitter: float, misses: float, seed: int) -> list[Track]:
    """Boxes whose four sides wander by `jitter` heights (standard deviation), some missing altogether."""
    chance = Random(seed)
    seen = []
    for track in tracks:
        noise = [chance.gauss(0, jitter * track.height) for _ in range(4)]
        box = track.box
        shaken = box._replace(
            x1=box.x1 + noise[0] / ASPECT, y1=box.y1 + noise[1], x2=box.x2 + noise[2] / ASPECT, y2=box.y2 + noise[3]
        )
        if chance.random() >= misses:
            seen.append(track._replace(box=shaken, height=shaken.height))
    return seen
