"""Where those wait who came to a door: real connections, a bare socket each."""

from __future__ import annotations

import asyncio
import resource
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import pytest

from agent.hub.bucket import Rate
from agent.web.interlude import Interlude
from agent.web.turns import TurnLimits, Turns
from agent.web.vestibule import AT_ONCE, Vestibule
from tests.attacks.shop import until

FEW = TurnLimits(strangers=Rate(per_s=0.001, at_once=2), patience_s=60.0)


@dataclass
class House:
    """Behind a vestibule."""

    limits: TurnLimits
    interlude: Interlude
    inside: list[socket.socket] = field(default_factory=list)
    turned_away: int = 0
    address: tuple[str, int] = ("", 0)

    def __post_init__(self) -> None:
        self.turns = Turns[socket.socket](self.limits)
        self.vestibule = Vestibule(self.turns, lambda network: network, self.inside.append, self._away, self.interlude)

    def _away(self) -> None:
        self.turned_away += 1

    def open(self) -> None:
        bound = socket.socket()
        bound.bind(("127.0.0.1", 0))
        self.address = bound.getsockname()
        self.vestibule.open([bound])

    def visitor(self, address: str = "127.0.0.1") -> socket.socket:
        return socket.create_connection(self.address, source_address=(address, 0))


@contextmanager
def house(limits: TurnLimits, interlude: Interlude | None = None) -> Iterator[House]:
    made = House(limits, interlude or Interlude(longest_s=600.0))
    made.open()
    try:
        yield made
    finally:
        made.vestibule.close()
        for one in made.inside:
            one.close()


async def test_who_comes_is_let_in_with_what_they_said() -> None:
    with house(TurnLimits()) as here, closing(here.visitor()) as visitor:
        visitor.sendall(b"good day")
        await until(lambda: bool(here.inside))
        assert await asyncio.get_running_loop().sock_recv(here.inside[0], 100) == b"good day"
        assert not here.turned_away


async def test_a_crowd_is_taken_in_and_waits_until_it_is_their_turn() -> None:
    with house(FEW) as here:
        crowd = [here.visitor(f"127.0.0.{number}") for number in range(1, 3 * AT_ONCE)]
        await until(lambda: len(here.turns) == len(crowd) - 2)
        assert len(here.inside) == 2
        here.turns.prove("127.0.9.9")
        crowd.append(here.visitor("127.0.9.9"))
        await until(lambda: len(here.inside) == 3)
        for one in crowd:
            one.close()


async def test_who_hung_up_is_nobodys_turn() -> None:
    with house(TurnLimits(strangers=Rate(per_s=4.0, at_once=1), patience_s=60.0)) as here:
        crowd = [here.visitor() for _ in range(4)]
        await until(lambda: len(here.inside) == 1 and len(here.turns) == 3)
        for one in crowd[1:3]:
            one.close()
        await until(lambda: len(here.inside) == 2)
        assert here.turned_away == 2
        assert here.inside[1].getpeername() == crowd[3].getsockname()
        for one in (crowd[0], crowd[3]):
            one.close()


async def test_who_waits_in_vain_is_sent_away() -> None:
    with house(TurnLimits(strangers=Rate(per_s=10.0, at_once=1), patience_s=0.01)) as here:
        crowd = [here.visitor() for _ in range(12)]
        await until(lambda: here.turned_away + len(here.inside) == len(crowd))
        assert here.turned_away
        assert here.inside
        for one in crowd:
            one.close()


async def test_while_a_frame_is_in_hand_nobody_is_taken_in() -> None:
    walking = [True, True, True]
    with house(TurnLimits()) as here, closing(here.visitor()) as visitor:
        here.interlude.follow(lambda: bool(walking) and walking.pop())
        await until(lambda: bool(here.inside))
        assert not walking, "it had asked until none was"
        assert here.inside[0].getpeername() == visitor.getsockname()


async def test_where_frames_never_end_it_goes_on_all_the_same() -> None:
    with house(TurnLimits(), Interlude(0.01)) as here, closing(here.visitor()), closing(here.visitor()):
        here.interlude.follow(lambda: True)
        await until(lambda: len(here.inside) == 2)


async def test_whose_turn_comes_while_a_frame_is_in_hand_waits_for_its_end() -> None:
    walking = [False]
    with house(TurnLimits(strangers=Rate(per_s=50.0, at_once=1), patience_s=60.0)) as here:
        here.interlude.follow(lambda: walking[0])
        crowd = [here.visitor() for _ in range(3)]
        await until(lambda: bool(here.inside) and len(here.turns) == 2)
        walking[0] = True
        assert here.interlude.is_awaited(asyncio.get_running_loop().time())
        inside = len(here.inside)
        await asyncio.sleep(0.05)
        assert len(here.inside) == inside
        walking[0] = False
        await until(lambda: len(here.inside) == len(crowd))
        for one in crowd:
            one.close()


async def test_closed_it_lets_go_of_everybody() -> None:
    with house(FEW) as here:
        crowd = [here.visitor() for _ in range(5)]
        await until(lambda: len(here.turns) == 3)
        here.vestibule.close()
        for waiting in crowd[2:]:
            with closing(waiting):
                waiting.settimeout(10.0)
                assert waiting.recv(1) == b""
        with pytest.raises(ConnectionRefusedError):
            here.visitor()
        for one in crowd[:2]:
            one.close()


async def test_without_free_file_descriptors_it_says_so_and_goes_on_later(caplog: pytest.LogCaptureFixture) -> None:
    with house(TurnLimits()) as here, closing(socket.socket()) as visitor:
        visitor.setblocking(False)
        most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (visitor.fileno() + 1, most[1]))
        try:
            await asyncio.get_running_loop().sock_connect(visitor, here.address)
            await until(lambda: "nobody can be let in" in caplog.text)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, most)
        await until(lambda: bool(here.inside))
