"""The rule `revisit`: somebody comes back to one zone again and again."""

from __future__ import annotations

from collections.abc import Iterator

from agent.domain import Json
from agent.rule_config import RevisitRule
from agent.rules.base import Hit, View
from agent.rules.continuity import rows

Visits = list[tuple[float, float]]
"""When each visit began and when the person was last inside, seconds, oldest first."""


class Revisit:
    """A person's visits to the zone. The condition holds from the visit that is one too many until that visit is over.

    A stay is a visit once it has lasted `in_s`; another one begins when the person was out for `out_s` before.
    """

    def __init__(self, config: RevisitRule, zone: int) -> None:
        self.config = config
        self._zone = zone
        self._visits: dict[int, Visits] = {}
        self._tracks: dict[int, int] = {}

    def update(self, view: View) -> Iterator[Hit]:
        """One hit for each person who has come back too often."""
        for person, earlier in view.joined.items():
            self._join(person, earlier)
        for stay in view.stays_in(self._zone):
            entered_s = max(stay.entered_s, view.since_s(stay.track))
            self._note(view.who(stay.track), stay.track, entered_s, stay.seen_s)
        self._forget(view.t_s)
        self._tracks = {person: track for person, track in self._tracks.items() if person in self._visits}
        for person, track in self._tracks.items():
            visits = self._visits[person]
            if len(visits) >= self.config.min_visits and view.t_s - visits[-1][1] <= self.config.out_s:
                yield self._hit(person, track, visits)

    def snapshot(self, t_s: float) -> Json:
        """A row `[track, entered, left]` a visit, seconds relative to now."""
        return [
            [person, round(entered_s - t_s, 3), round(seen_s - t_s, 3)]
            for person, visits in self._visits.items()
            for entered_s, seen_s in visits
        ]

    def counted(self) -> Json:
        """How many visits of each person."""
        return {str(person): len(visits) for person, visits in self._visits.items()}

    def restore(self, state: Json, taken_s: float, shift: int) -> None:
        """Go on from a snapshot. Raises ValueError when it is not one."""
        for person, entered_s, seen_s in rows(state, 3):
            self._visits.setdefault(int(person) - shift, []).append((entered_s + taken_s, seen_s + taken_s))

    def _join(self, person: int, earlier: int) -> None:
        """Put the visits of two together who are now said to be possibly the same."""
        if person not in self._visits:
            return
        visits: Visits = []
        for visit in sorted([*self._visits.get(earlier, []), *self._visits.pop(person)]):
            if visits and visit[0] - visits[-1][1] < self.config.out_s:
                visits[-1] = visits[-1][0], max(visit[1], visits[-1][1])
            else:
                visits.append(visit)
        self._visits[earlier] = visits
        self._tracks[earlier] = self._tracks.pop(person, person)

    def _note(self, person: int, track: int, entered_s: float, seen_s: float) -> None:
        visits = self._visits.get(person, [])
        if visits and entered_s - visits[-1][1] < self.config.out_s:
            visits[-1] = (visits[-1][0], max(seen_s, visits[-1][1]))
        elif seen_s - entered_s >= self.config.in_s:
            self._visits[person] = [*visits, (entered_s, seen_s)]
        self._tracks[person] = track

    def _forget(self, t_s: float) -> None:
        oldest_s = t_s - self.config.within_s
        for person in [person for person, visits in self._visits.items() if visits[0][1] < oldest_s]:
            self._visits[person] = [visit for visit in self._visits[person] if visit[1] >= oldest_s]
            if not self._visits[person]:
                del self._visits[person]

    def _hit(self, person: int, track: int, visits: Visits) -> Hit:
        factors: dict[str, Json] = {
            "visits": len(visits),
            "min_visits": self.config.min_visits,
            "span_s": round(visits[-1][1] - visits[0][1], 1),
            "possible_same": track != person,
        }
        return Hit.about(self.config, track, zone=self.config.zone, factors=factors)
