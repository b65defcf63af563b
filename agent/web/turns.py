"""Whose turn it is to come in: at a pace, one network after the other, and those whom one knows apart from strangers.

A handshake costs the camera a few milliseconds of its processor, and whoever wants it next to nothing. So they wait
before it: a flood takes no more than the pace of strangers, whatever it sends, and the hub has a pace of its own.
Pure: times are given, in seconds of a monotonic clock.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from agent.hub.bucket import Bucket, Rate

T = TypeVar("T")


CALM = Rate(per_s=10.0, at_once=64, gap_s=0.005)


@dataclass(frozen=True, slots=True)
class TurnLimits:
    """`room` is for those who wait of one kind, `room_each` of them from one network, `patience_s` how long.

    `known` networks are remembered.
    """

    strangers: Rate = CALM
    friends: Rate = CALM
    room: int = 64
    room_each: int = 16
    patience_s: float = 2.5
    known: int = 64


class _Waiting(NamedTuple, Generic[T]):
    who: T
    since_s: float


class _Lane(Generic[T]):
    """Those who wait, by network; the next network's turn comes first."""

    def __init__(self, rate: Rate, limits: TurnLimits) -> None:
        self.bucket = Bucket(rate)
        self._limits = limits
        self._queues: OrderedDict[str, deque[_Waiting[T]]] = OrderedDict()

    def __len__(self) -> int:
        return sum(map(len, self._queues.values()))

    def join(self, who: T, network: str, now_s: float) -> T | None:
        """Wait; gives who had to make room, of their own network or of the one that has most."""
        queue = self._queues.setdefault(network, deque())
        queue.append(_Waiting(who, now_s))
        if len(queue) > self._limits.room_each:
            return self._leave(network)
        if len(self) > self._limits.room:
            return self._leave(max(self._queues, key=lambda one: len(self._queues[one])))
        return None

    def next(self) -> T:
        """The next one, of the network whose turn it is; the network waits behind all others then."""
        network = next(iter(self._queues))
        who = self._leave(network)
        if network in self._queues:
            self._queues.move_to_end(network)
        return who

    def late(self, until_s: float) -> Iterator[T]:
        """Take out who came before then."""
        for network in list(self._queues):
            while network in self._queues and self._queues[network][0].since_s < until_s:
                yield self._leave(network)

    def _leave(self, network: str) -> T:
        who = self._queues[network].popleft().who
        if not self._queues[network]:
            del self._queues[network]
        return who


class Turns(Generic[T]):
    """`T` is who waits; networks are texts."""

    def __init__(self, limits: TurnLimits) -> None:
        self._limits = limits
        self._friends = _Lane[T](limits.friends, limits)
        self._strangers = _Lane[T](limits.strangers, limits)
        self._known: OrderedDict[str, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._friends) + len(self._strangers)

    def prove(self, network: str) -> None:
        """Somebody there has proven to be no stranger: whoever comes from there has the pace of friends."""
        self._known[network] = None
        self._known.move_to_end(network)
        if len(self._known) > self._limits.known:
            self._known.popitem(last=False)

    def come(self, who: T, network: str, now_s: float) -> T | None:
        """Somebody came and waits; gives who had to make room, which may be they themselves."""
        lane = self._friends if network in self._known else self._strangers
        return lane.join(who, network, now_s)

    def next(self, now_s: float, is_there: Callable[[T], bool]) -> T | None:
        """Who may come in now, if anybody; who is not there any more costs no turn."""
        for lane in (self._friends, self._strangers):
            while len(lane) and not lane.bucket.wait_s(now_s):
                if is_there(who := lane.next()):
                    lane.bucket.take(now_s)
                    return who
        return None

    def pause_s(self, now_s: float) -> float | None:
        """How long until somebody may come in who waits now; None where nobody does."""
        return min((lane.bucket.wait_s(now_s) for lane in (self._friends, self._strangers) if len(lane)), default=None)

    def late(self, now_s: float) -> list[T]:
        """Take out who has waited for too long."""
        until_s = now_s - self._limits.patience_s
        return [who for lane in (self._friends, self._strangers) for who in lane.late(until_s)]

    def clear(self) -> list[T]:
        """Take out everybody."""
        return [who for lane in (self._friends, self._strangers) for who in lane.late(float("inf"))]
