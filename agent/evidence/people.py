"""Where the people of a clip are, picture by picture: kept beside its video, so that they can be covered."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterator, Sequence

import msgspec

from agent.domain import Box, Track
from agent.errors import WireError
from agent.vision.pipeline import Outcome

PEOPLE = "people.json"
TYPE = "aislewatch-people"
MOST = 20_000
DIGITS = 4


class Person(msgspec.Struct, frozen=True, array_like=True):
    """A track in a picture; its box is 0..1 of the frame."""

    track: int
    x1: float
    y1: float
    x2: float
    y2: float

    @classmethod
    def of(cls, track: Track) -> Person:
        return cls(track.id, *(round(float(edge), DIGITS) for edge in track.box))

    @property
    def box(self) -> Box:
        return Box(self.x1, self.y1, self.x2, self.y2)


class Look(msgspec.Struct, frozen=True, array_like=True):
    """Who was seen at `t_s`, confirmed or not; on the camera's clock, in a file from the start of the video."""

    t_s: float
    people: tuple[Person, ...]


class PeopleFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file: the boxes whenever they changed."""

    type: str
    looks: tuple[Look, ...]


class LookRing:
    """The looks of the last seconds. `look` belongs to the vision thread, `since` may be called from any."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._looks: deque[Look] = deque(maxlen=MOST)

    def look(self, outcome: Outcome) -> None:
        """Take a frame's people; frames that the gate let pass unseen bring nothing new."""
        if not outcome.inferred:
            return
        t_s = outcome.frame.t_s
        self._looks.append(Look(t_s, tuple(Person.of(track) for track in outcome.tracks)))
        while len(self._looks) > 1 and self._looks[1].t_s <= t_s - self._seconds:
            self._looks.popleft()

    def since(self, t_s: float) -> list[Look]:
        """The looks later than `t_s`, and the last one before."""
        looks = [*self._looks]
        later = bisect_right([look.t_s for look in looks], t_s)
        return looks[max(later - 1, 0) :]


def encode_people(looks: Sequence[Look], start_s: float) -> bytes:
    """The file of a video that starts at `start_s`."""
    shifted = tuple(Look(round(look.t_s - start_s, 3), look.people) for look in looks)
    return msgspec.json.encode(PeopleFile(TYPE, shifted))


def decode_people(content: bytes) -> Sequence[Look]:
    """Raises WireError for what is no such file."""
    try:
        return msgspec.json.decode(content, type=PeopleFile).looks
    except (msgspec.DecodeError, RecursionError) as error:
        raise WireError(f"no file of people: {error}") from None


def people_at(looks: Sequence[Look], t_s: float) -> Iterator[Person]:
    """Everybody who may be in the picture of `t_s`: those of the look before it and of the one after it."""
    times = [look.t_s for look in looks]
    before, after = bisect_right(times, t_s) - 1, bisect_left(times, t_s)
    for index in {before, after}:
        if 0 <= index < len(looks):
            yield from looks[index].people
