"""Measures in two network namespaces how long it takes from a camera's announcement until its hub is linked to it.

The peer, in the same run: a plain python-zeroconf service, registered in one namespace, browsed and resolved in the
other. Needs root and iproute2. `python tools/score_discovery.py [ROUNDS]` prints one JSON object.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from zeroconf import IPVersion, ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from agent.events.journal import Journal
from agent.hub.announce import Announcer
from agent.hub.identity import Identity
from agent.hub.identity_key import DeviceIdentity
from agent.hub.keyring import CameraPin, Keyring
from agent.hub.ledger import Ledger
from agent.hub.link import LinkServer
from agent.hub.receiver import Hub, LinkState, Watchers
from agent.hub.trust import CameraTrust
from agent.web.api import Facts, create_app, serving
from agent.web.doors import TlsDoor
from hal.system import SystemClock

ROUNDS, MOST = 20, 1.3
CAMERA, HUB = "10.79.0.2", "10.79.0.1"
DEVICE, NAME, PLAIN = "score0001", "hub-score", "_awplain._tcp.local."
FIRST_PORT, PAUSE_S, ROUND_S = 20_000, 1.2, 30.0


def main(words: list[str]) -> None:
    """Be the whole, or one of its parts in its namespace."""
    if words and words[0] in PARTS:
        with suppress(KeyboardInterrupt):
            asyncio.run(PARTS[words[0]](Path(words[1])))
        return
    rounds = int(words[0]) if words else ROUNDS
    with tempfile.TemporaryDirectory() as folder, _namespaces() as (camera, hub):
        asyncio.run(_pair(Path(folder)))
        plain = _rounds(Path(folder), (camera, "plain-camera"), (hub, "plain-hub"), rounds)
        ours = _rounds(Path(folder), (camera, "camera"), (hub, "hub"), rounds)
    ratio = _p95(ours) / _p95(plain)
    facts = {"rounds": rounds, "linked_p95_s": _p95(ours), "linked_median_s": statistics.median(ours)}
    facts |= {"plain_p95_s": _p95(plain), "plain_median_s": statistics.median(plain), "ratio": ratio}
    print(json.dumps({key: round(value, 3) for key, value in facts.items()} | {"met": ratio <= MOST}))


@contextmanager
def _namespaces() -> Iterator[tuple[str, str]]:
    """Two of them, joined by a cable."""
    run = secrets.token_hex(3)
    names = f"aw-cam-{run}", f"aw-hub-{run}"
    try:
        for name in names:
            _ip("netns", "add", name)
        _ip("-n", names[0], "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", names[1])
        for name, address in zip(names, (CAMERA, HUB), strict=True):
            _ip("-n", name, "address", "add", f"{address}/24", "dev", "eth0")
            for link in ("lo", "eth0"):
                _ip("-n", name, "link", "set", link, "up")
        yield names
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


async def _pair(folder: Path) -> None:
    keyring, own = Keyring.open(folder / "keys", NAME), DeviceIdentity.open(folder, DEVICE)
    authority = keyring.authority()
    await CameraTrust.open(own.pins, SystemClock()).claim(authority.pem, keyring.trust().store, NAME)
    pin = CameraPin(DEVICE, own.fp, CAMERA, 1, authority.number)
    keyring.change(lambda trust: trust.with_camera(pin))


def _rounds(folder: Path, camera: tuple[str, str], hub: tuple[str, str], rounds: int) -> list[float]:
    """The times of all rounds; in each the camera comes up anew at another port."""
    with _part(folder, *hub) as hears, _part(folder, *camera) as comes:
        return [_round(comes, hears, FIRST_PORT + number) for number in range(rounds)]


def _round(comes: subprocess.Popen[str], hears: subprocess.Popen[str], port: int) -> float:
    assert comes.stdin is not None
    assert comes.stdout is not None
    assert hears.stdout is not None
    time.sleep(PAUSE_S)
    print(port, file=comes.stdin, flush=True)
    began_s = float(comes.stdout.readline())
    while True:
        heard, _, at_s = hears.stdout.readline().partition(" ")
        if int(heard) == port:
            return float(at_s) - began_s


@contextmanager
def _part(folder: Path, namespace: str, part: str) -> Iterator[subprocess.Popen[str]]:
    command = ["ip", "netns", "exec", namespace, sys.executable, __file__, part, str(folder)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            pipe.close()


async def _ports() -> int:
    """The port of the next round."""
    return int(await asyncio.to_thread(sys.stdin.readline))


async def _camera(folder: Path) -> None:
    """A paired camera as the agent composes it, as far as its hub sees it."""
    clock, own = SystemClock(), DeviceIdentity.open(folder, DEVICE)
    trust = CameraTrust.open(own.pins, clock)
    identity = Identity(DEVICE, "score", "0", state="claimed", fp=own.fp[:16], tls=True)
    async with await Journal.open(folder / "journal.db", clock) as journal:
        print("ready", flush=True)
        port = await _ports()
        while True:
            link = LinkServer(journal, identity)
            app = create_app(Facts(lambda: identity, dict, list), link)
            async with serving(app, CAMERA, port, TlsDoor(own, trust)):
                announcer = Announcer(identity, port, lambda: (CAMERA,))
                print(time.monotonic(), flush=True)
                announcing = asyncio.create_task(announcer.run())
                port = await _ports()
                announcing.cancel()
                await asyncio.gather(announcing, return_exceptions=True)
                await link.close()


async def _hub(folder: Path) -> None:
    """The reference hub."""

    def state(camera: str, now: LinkState, reason: str) -> None:
        if now is LinkState.LINKED:
            print(reason.rpartition(":")[2].partition("/")[0], time.monotonic(), flush=True)

    with Ledger(folder / "hub.db") as ledger:
        hub = Hub(ledger, NAME, Watchers(state=state), keyring=Keyring.open(folder / "keys", NAME))
        print("ready", flush=True)
        await hub.run(interfaces=[HUB])


async def _plain_camera(folder: Path) -> None:
    """Registers a service."""
    print("ready", flush=True)
    while True:
        port = await _ports()
        print(time.monotonic(), flush=True)
        zeroconf = AsyncZeroconf(interfaces=[CAMERA], ip_version=IPVersion.V4Only)
        address = socket.inet_aton(CAMERA)
        info = AsyncServiceInfo(PLAIN, f"s{port}.{PLAIN}", server=f"s{port}.local.", port=port, addresses=[address])
        await (await zeroconf.async_register_service(info))
        await zeroconf.async_close()


async def _plain_hub(folder: Path) -> None:
    """Browses, and resolves what it hears of."""
    zeroconf, names = AsyncZeroconf(interfaces=[HUB], ip_version=IPVersion.V4Only), asyncio.Queue[str]()

    def heard(zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        if state_change is ServiceStateChange.Added:
            names.put_nowait(name)

    AsyncServiceBrowser(zeroconf.zeroconf, PLAIN, handlers=[heard])
    print("ready", flush=True)
    while True:
        info = AsyncServiceInfo(PLAIN, await names.get())
        if await info.async_request(zeroconf.zeroconf, 3000.0):
            print(info.port, time.monotonic(), flush=True)


def _p95(values: list[float]) -> float:
    return sorted(values)[min(int(len(values) * 0.95), len(values) - 1)]


PARTS = {"camera": _camera, "hub": _hub, "plain-camera": _plain_camera, "plain-hub": _plain_hub}

if __name__ == "__main__":
    main(sys.argv[1:])
