"""Is somebody really there? Camera, PIR, door and thermal array weighed together as log-odds.

Each sensor adds the logarithm of a likelihood ratio: how much more likely what it tells is when a person is there than
when nobody is (naive Bayes; Good, "Probability and the Weighing of Evidence", 1950). Each term is clipped at CLIP, so
that no sensor decides alone against two; a sensor that is missing, stuck or silent for too long adds 0.

The silence of a healthy sensor speaks against a person, but only as far as it had the time to notice them: its weight
grows to 1 over the window. The camera adds two terms: how sure the model is of the person on average, and for how long
it has been. The defaults below are cautious guesses of what small shops see; they favour noticing a person.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from agent.domain import FactKind, Json, Track
from agent.rules.base import View

CLIP = 3.0
PRIOR = -3.0
"""At night one report of the camera in twenty is of a person."""
EVEN_SCORE, PER_SCORE = 0.65, 12.0
"""The mean score at which the model is right as often as not, and the log-odds for each unit beyond."""
EVEN_S = 2.0
"""What is seen for so long is as often a person as a moth or a headlight; ten times as long, ten times as often."""
PIR_SEES, PIR_FALSE = 0.90, 0.05
"""The chances that a PIR is active in the window with a person before it, and with nobody."""
DOOR_SEES, DOOR_FALSE = 0.30, 0.01
"""The same for a door that opens: who is in already, or came through a window, opens none."""
WARM_SEES, WARM_FALSE = 0.90, 0.03
"""The same for a thermal array that makes out a warm body."""
STUCK_S = 600.0
"""A PIR that has been active for so long without a break is stuck."""
ALIVE_S = 86_400.0
"""A PIR or door that told nothing for so long may be dead: its silence says nothing."""
KEEP_S = 30.0
"""So long the scores of somebody out of sight are kept."""


@dataclass(frozen=True, slots=True)
class Term:
    """What one sensor adds: `log_odds` is clipped and holds `weight`, the share of its say that it has."""

    value: Json
    log_odds: float
    weight: float = 1.0

    def plain(self) -> Json:
        """The term as a factor of a hit."""
        return {"value": self.value, "weight": round(self.weight, 2), "log_odds": round(self.log_odds, 2)}


NOTHING = Term(None, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Weighed:
    """All terms by name, and their sum with the prior."""

    terms: Mapping[str, Term] = field(default_factory=dict)

    @property
    def log_odds(self) -> float:
        return PRIOR + sum(term.log_odds for term in self.terms.values())

    def factors(self) -> dict[str, Json]:
        """The sum and its parts, for a hit."""
        return {"log_odds": round(self.log_odds, 2), "prior": PRIOR} | {k: t.plain() for k, t in self.terms.items()}


class Fusion:
    """Weighs people by all sensors. `watch` every frame, then `weigh` whom it matters to.

    `window_s` is how far a sensor's word may be from the camera's; `inputs` are the PIRs and doors that count, all when
    empty.
    """

    def __init__(self, window_s: float, inputs: Collection[str] = ()) -> None:
        self._window_s = window_s
        self._inputs = inputs
        self._seen: dict[int, _Seen] = {}
        self._warm: deque[tuple[float, int]] = deque()

    def watch(self, view: View) -> None:
        """Take in one frame: the people's scores, and what the thermal array makes out."""
        for track, person in view.people.items():
            self._seen.setdefault(track, _Seen()).add(view.t_s, person.score)
        self._seen = {track: seen for track, seen in self._seen.items() if view.t_s - seen.last_s <= KEEP_S}
        warm = view.senses.warm
        if warm is not None and not warm.trouble and (not self._warm or warm.t_s > self._warm[-1][0]):
            self._warm.append((warm.t_s, warm.bodies))
        while self._warm and view.t_s - self._warm[0][0] > self._window_s:
            self._warm.popleft()

    def weigh(self, view: View, person: Track) -> Weighed:
        """How likely it is that a person is one."""
        followed_s = max(view.t_s - person.born_s, 0.0)
        noticing = min(followed_s / self._window_s, 1.0) if self._window_s else 1.0
        return Weighed(
            {
                "score": self._score(person),
                "persistence": Term(round(followed_s, 1), _clipped(math.log(max(followed_s, 0.1) / EVEN_S))),
                "pir": self._pir(view, noticing),
                "door": self._door(view, noticing),
                "thermal": self._thermal(noticing),
            }
        )

    def _score(self, person: Track) -> Term:
        seen = self._seen.get(person.id)
        score = seen.score if seen else person.score
        return Term(round(score, 2), _clipped((score - EVEN_SCORE) * PER_SCORE))

    def _pir(self, view: View, noticing: float) -> Term:
        """Active within the window, silent, or nothing where none can be believed."""
        latest = list(view.facts.latest((FactKind.PIR,), self._inputs))
        good = [(source, t_s) for source, t_s, active in latest if not (active and view.t_s - t_s > STUCK_S)]
        sources = [source for source, _ in good]
        if sources and view.facts.active((FactKind.PIR,), view.t_s - self._window_s, view.t_s, sources):
            return _told(PIR_SEES, PIR_FALSE)
        return _silent(PIR_SEES, PIR_FALSE, noticing) if _any_alive(view.t_s, good) else NOTHING

    def _door(self, view: View, noticing: float) -> Term:
        if view.facts.moments((FactKind.DOOR,), view.t_s - self._window_s, view.t_s, self._inputs):
            return _told(DOOR_SEES, DOOR_FALSE)
        latest = [(source, t_s) for source, t_s, _ in view.facts.latest((FactKind.DOOR,), self._inputs)]
        return _silent(DOOR_SEES, DOOR_FALSE, noticing) if _any_alive(view.t_s, latest) else NOTHING

    def _thermal(self, noticing: float) -> Term:
        if not self._warm:
            return NOTHING
        if any(bodies for _, bodies in self._warm):
            return _told(WARM_SEES, WARM_FALSE)
        return _silent(WARM_SEES, WARM_FALSE, noticing)


@dataclass(slots=True)
class _Seen:
    """How sure the model was of one person: the mean of the scores so far."""

    count: int = 0
    score: float = 0.0
    last_s: float = 0.0

    def add(self, t_s: float, score: float) -> None:
        self.count, self.last_s = self.count + 1, t_s
        self.score += (score - self.score) / self.count


def _any_alive(now_s: float, latest: Iterable[tuple[str, float]]) -> bool:
    return any(now_s - t_s <= ALIVE_S for _, t_s in latest)


def _told(sees: float, false: float) -> Term:
    return Term(True, _clipped(math.log(sees / false)))


def _silent(sees: float, false: float, noticing: float) -> Term:
    return Term(False, noticing * _clipped(math.log((1.0 - sees) / (1.0 - false))), noticing)


def _clipped(log_odds: float) -> float:
    return max(-CLIP, min(log_odds, CLIP))
