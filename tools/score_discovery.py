"""Measures in two network namespaces how long it takes from a camera's announcement until its hub is linked to it.

The peer, in turn within the same run: a plain python-zeroconf service, registered in one namespace, browsed and
resolved in the other; it is not linked to. In each round a camera comes up anew, at another port. Needs root and
iproute2. `--document docs/benchmarks.md` writes the section there; exit status 1 when the target is missed.
"""

from __future__ import annotations

import argparse
import asyncio
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

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a file, this folder's parent is unknown

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
from tools.benchmarks.report import Row, as_json, as_markdown, as_text, exit_code, not_measured, write_section

ROUNDS, QUICK, MOST = 40, 8, 1.3
FIGURE = "p95 from announcement to linked / plain zeroconf from registering to resolved"
CAMERA, HUB = "10.79.0.2", "10.79.0.1"
DEVICE, NAME, PLAIN = "score0001", "hub-score", "_awplain._tcp.local."
FIRST_PORT, PAUSE_S, ROUND_S = 20_000, 1.2, 30.0


def main(words: list[str]) -> int:
    """Be the whole, or one of its parts in its namespace."""
    if words and words[0] in PARTS:
        with suppress(KeyboardInterrupt):
            asyncio.run(PARTS[words[0]](Path(words[1])))
        return 0
    options = _parser().parse_args(words)
    found = rows(QUICK if options.quick else ROUNDS)
    for row in found:
        print(as_json(row) if options.json else as_text(row))
    if options.document:
        text = f"## Discovery (`tools/score_discovery.py`)\n\n{as_markdown(found)}"
        write_section(options.document, "discovery", text)
    return exit_code(found)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few rounds, under 50 s on 2 cores")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--document", type=Path, help="write the table into this document's section")
    return parser


def rows(rounds: int) -> list[Row]:
    """The ratio, with the times behind it; not measured where namespaces cannot be made."""
    try:
        plain, ours = _times(rounds)
    except (OSError, subprocess.CalledProcessError) as error:
        return [not_measured("discovery", FIGURE, MOST, f"network namespaces cannot be made here: {error}")]
    told = [f"p95 {_p95(times):.3f} s, median {statistics.median(times):.3f} s" for times in (ours, plain)]
    detail = f"{told[0]}; plain {told[1]}; {rounds} rounds each, in turn, over a cable between two namespaces"
    detail += "; plain asks for its name first (RFC 6762, 8.1), ours is the serial number and does not"
    medians = statistics.median(ours) / statistics.median(plain)
    return [
        Row("discovery", FIGURE, _p95(ours) / _p95(plain), MOST, detail),
        Row("discovery", "the same of the medians", medians, None),
    ]


def _times(rounds: int) -> tuple[list[float], list[float]]:
    """Of the plain service and of ours, s. Raises OSError, CalledProcessError."""
    with tempfile.TemporaryDirectory() as name, _namespaces() as (camera, hub):
        folder = Path(name)
        asyncio.run(_pair(folder))
        with (
            _part(folder, hub, "plain-hub") as plain_hub,
            _part(folder, camera, "plain-camera") as plain_camera,
            _part(folder, hub, "hub") as our_hub,
            _part(folder, camera, "camera") as our_camera,
        ):
            ports = range(FIRST_PORT, FIRST_PORT + rounds)
            found = [(_round(plain_camera, plain_hub, port), _round(our_camera, our_hub, port)) for port in ports]
    return [plain for plain, _ in found], [ours for _, ours in found]


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
    sys.exit(main(sys.argv[1:]))
