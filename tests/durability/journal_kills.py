"""Kills a working journal with SIGKILL thousands of times, a few milliseconds after its start. A program.

    python -m tests.durability.journal_kills FOLDER COUNT SEED

Each life is a process of its own: a fork of one that has loaded everything, because Python's own start takes longer
than many lives. It works on a real SQLite file, delivers to a hub with the link's messages, and hears what is
acknowledged. The hub is the real ledger, in a process that nobody kills.
"""

from __future__ import annotations

import array
import asyncio
import gc
import itertools
import json
import os
import random
import signal
import socket
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from agent.events.journal import Journal, JournalLimits
from agent.events.wire import Ack, Batch, EventBody, decode_from_camera, decode_from_hub, encode
from agent.hub.ledger import Ledger
from hal.system import SystemClock
from tests.durability.journal_work import DATABASE, KEPT, SHELF, Work

DEVICE = "cam-kill"
LIMITS = JournalLimits(max_events=3000, group_s=0.002, cursor_s=0.01)
MOST_BEHIND = 500
"""When the hub lacks so many events a camera makes no new ones, for a full journal would have to evict some."""
MESSAGE_RECORDS = 6
"""So many of the longest events fit into one message."""
_HEAD = struct.Struct("=cI")
_ORDER = struct.Struct("=qd")


@dataclass
class Tally:
    """What was found. `promised` and `delivered` count events, `cut` the lives that had opened their journal."""

    kills: int = 0
    cut: int = 0
    promised: int = 0
    delivered: int = 0
    doubled_on_the_way: int = 0
    problems: list[str] = field(default_factory=list)


# The camera


async def live(folder: Path, hub: socket.socket, seed: int, *, drain: bool) -> None:
    """Open, work, deliver, close, again and again; with `drain` only deliver, to the end."""
    reader, writer = await asyncio.open_connection(sock=hub)

    def say(line: dict[str, object]) -> None:
        _send(writer, b"P", json.dumps(line).encode())

    for turn in itertools.count():
        async with await Journal.open(folder / DATABASE, SystemClock(), LIMITS) as journal:
            say(await _opened(journal))
            behind = journal.head.last_seq - journal.cursor("hub").seq
            worked = asyncio.Event()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_deliver(journal, reader, writer, worked, from_hub=drain))
                if not drain and behind <= MOST_BEHIND:
                    chance = random.Random(f"{seed} {turn}")
                    await Work(journal, chance, say).run(chance.randrange(3, 40), f"{seed}-{turn}")
                worked.set()
        if drain:
            return


async def _opened(journal: Journal) -> dict[str, object]:
    stats = journal.stats()
    filed = [int(record.value) for record in await journal.filed(SHELF)]
    kept = int(await journal.kept(KEPT) or b"0")
    whole = filed == list(range(1, kept + 1))
    return {"epoch": stats.epoch, "readable": stats.durable and not stats.replaced, "whole": whole, "kept_now": kept}


async def _deliver(
    journal: Journal,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    worked: asyncio.Event,
    *,
    from_hub: bool,
) -> None:
    """Send what the hub lacks, as it says or, every second time, as the journal thinks, until all work is delivered."""
    _send(writer, b"H", journal.head.epoch.encode())
    ack = decode_from_hub(await _message(reader))
    assert isinstance(ack, Ack)
    at = journal.cursor("hub")
    if from_hub or random.random() < 0.5:
        at = at._replace(seq=ack.seq)
    while not worked.is_set() or at.seq < journal.head.last_seq:
        with suppress(TimeoutError):
            await asyncio.wait_for(journal.wait_for_new(at), 0.01)
        part = await journal.read(at, MESSAGE_RECORDS)
        batch = Batch(DEVICE, part.epoch, part.after, part.through, list(part.records), list(part.gaps))
        _send(writer, b"B", encode(batch))
        ack = decode_from_hub(await _message(reader))
        assert isinstance(ack, Ack)
        at = at._replace(seq=ack.seq)
        journal.acknowledge("hub", at)


def _send(writer: asyncio.StreamWriter, kind: bytes, content: bytes) -> None:
    writer.write(_HEAD.pack(kind, len(content)) + content)


async def _message(reader: asyncio.StreamReader) -> bytes:
    _, length = _HEAD.unpack(await reader.readexactly(_HEAD.size))
    return await reader.readexactly(length)


# The one that gives birth and kills


def attend(door: socket.socket, folder: Path) -> None:
    """Fork a life for each order that comes with the hub's end of its connection; kill it when its time is over."""
    gc.freeze()
    while True:
        order, handles, _, _ = socket.recv_fds(door, _ORDER.size, 1)
        if not order:
            return
        seed, life_s = _ORDER.unpack(order)
        child = os.fork()
        if child == 0:
            door.close()
            with socket.socket(fileno=handles[0]) as hub:
                asyncio.run(live(folder, hub, seed, drain=life_s == 0))
            os._exit(0)
        os.close(handles[0])
        if life_s:
            time.sleep(life_s)
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        door.send(array.array("i", [status]).tobytes())


@contextmanager
def attendant(folder: Path) -> Iterator[socket.socket]:
    """The door of an attendant that serves the camera in `folder`."""
    door, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        door.close()
        attend(theirs, folder)
        os._exit(0)
    theirs.close()
    try:
        yield door
    finally:
        door.close()
        os.waitpid(child, 0)


# The hub, which judges


class Judge:
    """Follows all lives of one camera with a real ledger, and compares what was promised with what came."""

    def __init__(self, door: socket.socket, ledger: Ledger) -> None:
        self._ledger = ledger
        self._door = door
        self._promised: dict[int, str] = {}
        self._kept = 0
        self._epochs: set[str] = set()
        self._began_s = 0.0
        self.opening_s = 0.05
        self.tally = Tally()

    def follow(self, seed: int, life_s: float) -> None:
        """One life, cut after `life_s`; zero is until everything is delivered."""
        self._began_s = time.monotonic()
        ours, theirs = socket.socketpair()
        with ours, theirs:
            socket.send_fds(self._door, [_ORDER.pack(seed, life_s)], [theirs.fileno()])
            theirs.close()
            for kind, content in _messages(ours):
                self._hear(ours, kind, content)
        status = array.array("i", self._door.recv(4))[0]
        self.tally.kills += life_s > 0
        if status != (signal.SIGKILL if life_s else 0):
            self.tally.problems.append(f"life {seed} ended by itself with status {status}")

    def compare(self) -> None:
        """What was promised with what is stored."""
        entries = list(self._ledger.events(DEVICE))
        stored = {entry.seq: str(getattr(entry.body, "data", {}).get("n")) for entry in entries}
        self.tally.promised = len(self._promised)
        self._check(not self._promised.keys() - stored.keys(), "promised events are lost")
        self._check(stored.keys() == set(range(1, len(stored) + 1)), "a number is missing")
        self._check(len(set(stored.values())) == len(stored), "an event is there twice")
        self._check(all(stored[seq] == name for seq, name in self._promised.items() if seq in stored), "a number twice")
        self._check(len(self._epochs) == 1, "the database was replaced")
        self._check(not self._ledger.gaps(), "the camera reported gaps")

    def _hear(self, life: socket.socket, kind: bytes, content: bytes) -> None:
        if kind == b"P":
            self._promise(json.loads(content))
            return
        if kind == b"H":
            epoch = content.decode()
        else:
            batch = decode_from_camera(content)
            assert isinstance(batch, Batch)
            epoch = batch.epoch
            new = len(self._ledger.store(batch))
            self.tally.delivered += new
            self.tally.doubled_on_the_way += len(batch.records) - new
            self._check(all(isinstance(record.body, EventBody) for record in batch.records), "a body of another kind")
        ack = encode(Ack(epoch, self._ledger.cursor(DEVICE, epoch)))
        with suppress(BrokenPipeError, ConnectionResetError):
            life.sendall(_HEAD.pack(b"A", len(ack)) + ack)

    def _promise(self, line: dict[str, object]) -> None:
        if "seq" in line:
            self._promised[int(str(line["seq"]))] = str(line["n"])
        elif "kept" in line:
            self._kept = int(str(line["kept"]))
        else:
            self._opened()
            self._epochs.add(str(line["epoch"]))
            self._check(bool(line["readable"]), "the database could not be read")
            self._check(bool(line["whole"]), "records and their number were filed apart")
            self._check(int(str(line["kept_now"])) >= self._kept, "a kept value is lost")

    def _opened(self) -> None:
        """It takes a life so long to open its journal, on the average of late; with others on the machine, longer."""
        if self._began_s:
            self.tally.cut += 1
            self.opening_s += 0.05 * (time.monotonic() - self._began_s - self.opening_s)
            self._began_s = 0.0

    def _check(self, holds: bool, problem: str) -> None:
        if not holds:
            self.tally.problems.append(problem)


def _messages(life: socket.socket) -> Iterator[tuple[bytes, bytes]]:
    """What a life says until its end; a message that its end cut short counts for nothing."""
    with life.makefile("rb") as stream, suppress(ConnectionResetError):
        while len(head := stream.read(_HEAD.size)) == _HEAD.size:
            kind, length = _HEAD.unpack(head)
            if len(content := stream.read(length)) < length:
                return
            yield kind, content


def run(folder: Path, kills: int, seed: int) -> Tally:
    """Kill so often, let the rest be delivered, and give what was found."""
    chance = random.Random(seed)
    with attendant(folder) as door, Ledger(folder / "hub.db") as ledger:
        judge = Judge(door, ledger)
        for number in range(kills):
            judge.follow(seed + number, 0.002 + chance.expovariate(1 / judge.opening_s))
        judge.follow(seed + kills, 0.0)
        judge.compare()
    return judge.tally


def main() -> None:
    """Print what was found as JSON."""
    folder, kills, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    began_s = time.monotonic()
    tally = run(folder, kills, seed)
    facts = {**tally.__dict__, "problems": tally.problems[:20], "seconds": round(time.monotonic() - began_s, 1)}
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
