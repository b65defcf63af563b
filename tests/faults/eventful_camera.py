"""A camera without eyes: journal, link and announcement under a constant load of events. Run as a program.

One that was paired (`pair`) has a TLS door for its hub; otherwise it is open, for this computer.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from agent.domain import Event, Severity
from agent.events.journal import Journal, JournalLimits
from agent.hub.addresses import reachable_addresses
from agent.hub.announce import Announcer
from agent.hub.identity import Identity
from agent.hub.identity_key import FOLDER, DeviceIdentity
from agent.hub.keyring import CameraPin, Keyring
from agent.hub.link import LinkServer
from agent.hub.trust import CameraTrust
from agent.web.api import Facts, create_app, serving
from agent.web.doors import TlsDoor
from hal.system import SystemClock

PAUSE_S = 0.002


async def main(folder: Path, host: str, port: int, device: str, *, announce: bool) -> None:
    """Serve on `host` and `port`, and count in events; every number that is surely on the disk goes to stdout."""
    clock, door, tls = SystemClock(), None, (folder / FOLDER).exists()
    if tls:
        own = DeviceIdentity.open(folder, device)
        door = TlsDoor(own, CameraTrust.open(own.pins, clock))
    identity = Identity(id=device, model="without eyes", fw="0.0.0", state="claimed" if tls else "unclaimed", tls=tls)
    async with await Journal.open(folder / "journal.db", clock, JournalLimits(group_s=0.02)) as journal:
        link = LinkServer(journal, identity)
        app = create_app(Facts(lambda: identity, dict, list), link)
        async with serving(app, host, port, door), asyncio.TaskGroup() as tasks:
            if announce:
                tasks.create_task(Announcer(identity, port, lambda: reachable_addresses(host), poll_s=0.2).run())
            await count(journal, tasks)


async def pair(folder: Path, device: str, keyring: Keyring, place: tuple[str, int]) -> None:
    """Make the camera of this folder one of the hub's, which it finds at `place` (host, port) at first."""
    own = DeviceIdentity.open(folder, device)
    authority, known = keyring.authority(), keyring.trust()
    await CameraTrust.open(own.pins, SystemClock()).claim(authority.pem, known.store, known.hub)
    pin = CameraPin(device, own.fp, *place, authority.number)
    keyring.change(lambda trust: trust.with_camera(pin))


async def count(journal: Journal, tasks: asyncio.TaskGroup) -> None:
    """For ever: an alarm among every four events, each with its own number."""
    number = journal.head.last_seq
    while True:
        number += 1
        severity = Severity.WARNING if number % 4 == 0 else Severity.INFO
        tasks.create_task(report(journal, Event("count", float(number), severity, {"n": number})))
        await asyncio.sleep(PAUSE_S)


async def report(journal: Journal, event: Event) -> None:
    """Journal one event and say so once it is durable."""
    place = await journal.append(event)
    if place is not None:
        print(place.epoch, place.seq, event.data["n"], flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts what is in its background without
    where, address, at_port, name, *rest = sys.argv[1:]
    asyncio.run(main(Path(where), address, int(at_port), name, announce="--announce" in rest))
