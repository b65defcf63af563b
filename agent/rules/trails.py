"""Where people's feet have been lately, in body heights, and how fast, although boxes jitter, jump and are cut.

Steps are measured on the floor once that is known, until then in the person's height at the time, so that the camera's
distance drops out. Only seen feet count: at an edge of the frame, and while a person is only predicted, nothing is
added. A step that nobody can take means that the track has gone over to somebody else; the trail then begins anew.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from itertools import accumulate, islice
from math import exp, hypot, inf
from operator import mul
from typing import NamedTuple

from agent.domain import Track
from agent.rules.ground import Ground

SAMPLE_S = 0.1
KEEP_S = 8.0
GAP_S = 2.0
TOP_SPEED = 6.0
JITTER_H = 0.5
SHRINK_PER_S = 0.35
EDGE = 0.01
FAR_EDGE = 1 - EDGE
MOST_RESIZED = 1.18
SLACK_S = 1e-6
LEAST_STEP_S = SAMPLE_S - SLACK_S
LED_S = 1.0
"""So much of the way of somebody lost is kept for who goes on from there."""
LONG = 1.2
"""By what a tail may be longer than it should before it is cut."""


class Step(NamedTuple):
    """A seen foot: seconds, and a place in body heights from where the trail began: on the floor (x right, y nearer),
    and as it looks in the picture (u right, v down). `size` is how tall the box is over that of a grown person there,
    (`head_x`, `head_y`) where the head is in the picture: frame heights to the right of its middle and from its top.
    """

    t_s: float
    x: float
    y: float
    u: float
    v: float
    size: float = 1.0
    head_x: float = 0.0
    head_y: float = 0.0


class Trail:
    """One person's steps, of the last `KEEP_S / 2` at least. `since_s` tells one trail of a track from the next.

    `guessed_s` is when a foot was last hidden, so that its place was told by the head, which is coarse; `cut_s` when
    the frame's edge last cut it off, so that its place tells no speed. `before` are the last steps of somebody lost who
    may be the same person and have run on to here (up to the first step, in this trail's places).
    """

    __slots__ = (
        *("_fit", "_height", "_place", "_times_s", "_x", "_y"),
        *("before", "cut_s", "foot", "guessed_s", "since_s", "steps"),
    )

    def __init__(self, t_s: float, foot: tuple[float, float], height: float, head_y: float = 0.0) -> None:
        self.since_s = t_s
        self.steps = [Step(t_s, 0.0, 0.0, 0.0, 0.0, 1.0, foot[0], head_y)]
        # The steps once more, by column: sums over these are quick.
        self._times_s, self._x, self._y = [t_s], [0.0], [0.0]
        self.before: Sequence[Step] = ()
        self.foot = foot
        self.guessed_s = self.cut_s = -inf
        self._height = height
        self._place: tuple[float, float, float] | None = None
        self._fit = -1

    def extend(self, t_s: float, foot: tuple[float, float], height: float, ground: Ground, head_y: float = 0.0) -> bool:
        """Add a foot (frame heights, `x` from the middle); false when nobody could have come there from the last one.

        A box that loses its legs behind a shelf must not make its person fast: a height shrinks only slowly.
        """
        last = self.steps[-1]
        span_s = t_s - last.t_s
        tall = height if height >= self._height else max(height, self._height * exp(-SHRINK_PER_S * span_s))
        dx, dy = (foot[0] - self.foot[0]) / tall, (foot[1] - self.foot[1]) / tall
        if hypot(dx, dy) > JITTER_H + TOP_SPEED * span_s:
            return False
        before = self._place if self._fit == ground.fits else ground.place(*self.foot)
        here = self._place = ground.place(*foot)
        self._fit = ground.fits
        aside, nearer = (here[0] - before[0], before[1] - here[1]) if before and here else (dx, dy)
        self.foot, self._height = foot, tall
        size = height / here[2] if here else last.size
        x, y = last.x + aside, last.y + nearer
        self.steps.append(Step(t_s, x, y, last.u + dx, last.v + dy, size, foot[0], head_y))
        self._times_s.append(t_s)
        self._x.append(x)
        self._y.append(y)
        if t_s - self._times_s[0] > KEEP_S:
            self._shorten()
        return True

    def _shorten(self) -> None:
        half = len(self.steps) // 2
        for values in (self.steps, self._times_s, self._x, self._y):
            del values[:half]

    def leading_to(self, trail: Trail, ground: Ground) -> Sequence[Step]:
        """The last steps as the way before a trail that just began; none when nobody can have come there so fast."""
        (here,) = trail.steps
        on = Trail(self.steps[-1].t_s, self.foot, self._height)
        if not on.extend(here.t_s, trail.foot, trail._height, ground):
            return ()
        last, way = self.steps[-1], on.steps[-1]
        dx, dy = last.x + way.x, last.y + way.y
        return [step._replace(x=step.x - dx, y=step.y - dy) for step in self.tail(LED_S) or self.steps[-1:]]

    def tail(self, span_s: float) -> list[Step]:
        """The latest steps, just enough to cover `span_s` and three at least; empty while there are not as many."""
        first = _first(self._times_s, span_s)
        return self.steps[first:] if first >= 0 else []

    def velocity(self, span_s: float) -> tuple[float, float] | None:
        """Body heights a second over the tail of that length, from the mean of its first half to that of the second;
        None while there is none.
        """
        first = _first(self._times_s, span_s)
        if first < 0:
            return None
        half = (len(self.steps) - first) // 2
        later_s = _moved(self._times_s, first, half)
        return _moved(self._x, first, half) / later_s, _moved(self._y, first, half) / later_s


class TrailWatch:
    """Follows everybody's feet."""

    def __init__(self, aspect: float, ground: Ground) -> None:
        self._aspect = aspect
        self._ground = ground
        self._trails: dict[int, Trail] = {}
        self._heirs: dict[int, int] = {}

    def update(self, t_s: float, tracks: Collection[Track], guessed: Collection[int] = ()) -> dict[int, Trail]:
        """Take the tracks of a frame, `guessed` are those whose feet the head told of; returns the trails of confirmed
        people that grew, by track.
        """
        grown = {}
        for track in tracks:
            if not track.seen:
                continue
            trail = self._trails.get(track.id)
            if trail and t_s - trail.steps[-1].t_s < LEAST_STEP_S:
                continue
            x1, y1, x2, y2 = track.box
            if x1 <= EDGE or x2 >= FAR_EDGE or y2 >= FAR_EDGE:
                continue
            foot = ((x1 + x2 - 1) / 2 * self._aspect, y2)
            if trail and trail.extend(t_s, foot, track.height, self._ground, y1):
                if track.id in guessed:
                    trail.guessed_s = t_s
                elif not track.foot_seen:
                    trail.cut_s = t_s
                if self._heirs:
                    self._came_back(track.id)
                if track.confirmed:
                    grown[track.id] = trail
            else:
                trail = self._trails[track.id] = Trail(t_s, foot, track.height, y1)
                self._lead(track.id, trail, {other.id for other in tracks if other.seen})
        gone = [track for track, trail in self._trails.items() if t_s - trail.steps[-1].t_s > GAP_S]
        for number in gone:
            del self._trails[number]
        return grown

    def _lead(self, number: int, trail: Trail, seen: Collection[int]) -> None:
        """Find who of those lost just now is the nearest that may have run to where a trail begins."""
        ways = [
            (-hypot(before[-1].x, before[-1].y), lost, before)
            for lost, there in self._trails.items()
            if lost not in seen and lost not in self._heirs and (before := there.leading_to(trail, self._ground))
        ]
        if ways:
            _, lost, trail.before = max(ways)
            self._heirs[lost] = number

    def _came_back(self, number: int) -> None:
        """Somebody lost is seen again: who began meanwhile is another."""
        heir = self._trails.get(self._heirs.pop(number, number))
        if heir and heir is not self._trails[number]:
            heir.before = ()


def tail(steps: Sequence[Step], span_s: float) -> list[Step]:
    """The same of any steps."""
    first = _first([step.t_s for step in steps], span_s)
    return list(steps[first:]) if first >= 0 else []


def cut_to(steps: Sequence[Step], span_s: float) -> Sequence[Step]:
    """A tail that misses made much longer than `span_s`, from where its person was when the span began: in between the
    first two steps. One that would be left with two steps stays as it is.
    """
    first, second = steps[:2]
    start_s = steps[-1].t_s - span_s
    if steps[-1].t_s - first.t_s <= LONG * span_s or second.t_s - SLACK_S <= start_s or len(steps) < 3:
        return steps
    share = (start_s - first.t_s) / (second.t_s - first.t_s)
    begin = Step(*[a + share * (b - a) for a, b in zip(first, second, strict=True)])
    return [begin, *steps[1:]]


def apparent_velocity(steps: Sequence[Step]) -> tuple[float, float]:
    """The velocity as it looks in the picture."""
    half = len(steps) // 2
    times_s, _, _, u, v, *_ = zip(*steps, strict=True)
    later_s = _moved(times_s, 0, half)
    return _moved(u, 0, half) / later_s, _moved(v, 0, half) / later_s


def _first(times_s: Sequence[float], span_s: float) -> int:
    """Where the tail of that length begins; negative where there is none."""
    start_s = times_s[-1] - span_s + SLACK_S
    return min(bisect_right(times_s, start_s), len(times_s) - 2) - 1


def _moved(values: Sequence[float], first: int, half: int) -> float:
    """By how much the sum of the last `half` values exceeds that of as many from `first` on."""
    return sum(values[-half:]) - sum(values[first : first + half])


def is_of_one_size(steps: Sequence[Step]) -> bool:
    """Whether a box stays as tall as it should: one that loses its legs behind something seems to go far away."""
    third = len(steps) // 3
    before, after = (sum(step.size for step in part) for part in (steps[:third], steps[-third:]))
    return before / MOST_RESIZED <= after <= before * MOST_RESIZED


def pace(steps: Sequence[Step]) -> tuple[float, float]:
    """How fast a way of three steps or more was, body heights a second, and how jumpy: 1 where one jump, with standing
    before and after it, explains the way as well as going evenly does, near 0 where only going explains it.

    The speed is that of the line of least squares, or of the way from the first two steps to the last two where that is
    less: a burst in the middle moves the line.
    """
    times_s, xs, ys = map(_about_mean, islice(zip(*steps, strict=True), 3))
    spread = _dot(times_s, times_s)
    vx, vy = _dot(times_s, xs) / spread, _dot(times_s, ys) / spread
    speed = hypot(vx, vy) or SLACK_S
    along = [(x * vx + y * vy) / speed for x, y in zip(xs, ys, strict=True)]
    going = sum((way - speed * t_s) ** 2 for way, t_s in zip(along, times_s, strict=True))
    return min(speed, _end_to_end(times_s, xs, ys)), going / max(_scatter_about_jump(along), SLACK_S)


def _end_to_end(times_s: Sequence[float], xs: Sequence[float], ys: Sequence[float]) -> float:
    """The speed of the way from the mean of the first two places (or the first) to that of the last."""
    few = min(2, len(xs) // 2)
    return hypot(_moved(xs, 0, few), _moved(ys, 0, few)) / _moved(times_s, 0, few)


def _scatter_about_jump(along: Sequence[float]) -> float:
    """The least that is left of the squares when the first few have one mean and the rest another."""
    count, whole = len(along), sum(along)
    sums = accumulate(along[:-1])
    return _dot(along, along) - max(
        before * before / number + (whole - before) ** 2 / (count - number) for number, before in enumerate(sums, 1)
    )


def _about_mean(values: Sequence[float]) -> list[float]:
    mean = sum(values) / len(values)
    return [value - mean for value in values]


def _dot(a: Sequence[float], b: Sequence[float]) -> float:
    products: Iterable[float] = map(mul, a, b)
    return sum(products)


def mean_step(steps: Sequence[Step]) -> Step:
    """When and where they were on average."""
    count = len(steps)
    return Step(*[sum(values) / count for values in zip(*steps, strict=True)])
