"""Networks for tests: free ports, and two namespaces joined by a cable (veth) made with iproute2."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from tests.waiting import eventually


@dataclass(frozen=True)
class Cable:
    """The namespaces at its two ends, each with one interface `eth0`."""

    camera: str
    hub: str

    def address(self, namespace: str, address: str, *how: str, replaces: str = "") -> None:
        """Give an end an address, in place of another; `how` as `ip address add` takes it."""
        if replaces:
            self.withdraw(namespace, replaces)
        _ip("-n", namespace, "address", "add", address, "dev", "eth0", *how)

    @staticmethod
    def withdraw(namespace: str, address: str) -> None:
        """Take an address from an end."""
        _ip("-n", namespace, "address", "del", address, "dev", "eth0")

    @staticmethod
    def way_out(namespace: str, gateway: str) -> None:
        """The gateway of an end, of either kind, in place of one it had."""
        kind = "-6" if ":" in gateway else "-4"
        _ip(kind, "-n", namespace, "route", "replace", "default", "via", gateway, "dev", "eth0")

    @staticmethod
    def narrow(namespace: str, kbit_s: int, queue_bytes: int) -> str:
        """Let an end send no faster, and drop what its queue cannot hold (tbf); gives the reason where it cannot."""
        rate = ("rate", f"{kbit_s}kbit", "burst", "1600", "limit", str(queue_bytes))
        command = [*inside(namespace), "tc", "qdisc", "replace", "dev", "eth0", "root", "tbf", *rate]
        try:
            done = subprocess.run(command, check=False, capture_output=True, text=True)
        except FileNotFoundError:
            return "tc (iproute2) is not installed"
        return done.stderr.strip() if done.returncode else ""

    @staticmethod
    def setting(namespace: str, name: str, value: int) -> None:
        """One of the kernel's settings of IPv6 for an end."""
        _ip("netns", "exec", namespace, "sysctl", "-qw", f"net.ipv6.conf.eth0.{name}={value}")

    @staticmethod
    def link(namespace: str, *, up: bool) -> None:
        """Pull the plug of an end, or put it in."""
        _ip("-n", namespace, "link", "set", "eth0", "up" if up else "down")

    @staticmethod
    def multicast(namespace: str, *, on: bool) -> None:
        """Whether multicast passes an end."""
        _ip("-n", namespace, "link", "set", "eth0", "multicast", "on" if on else "off")

    @staticmethod
    def near(namespace: str) -> str:
        """The end's own address of IPv6 on the cable, once it is sure of it."""
        found: list[str] = []

        def settled() -> bool:
            told = _ip("-json", "-n", namespace, "-6", "address", "show", "dev", "eth0", "scope", "link", "-tentative")
            found[:] = [one["local"] for link in json.loads(told) for one in link.get("addr_info", ())]
            return bool(found)

        eventually(settled)
        return found[0]

    @staticmethod
    def inside(namespace: str) -> list[str]:
        """What to put before a command so that it runs there."""
        return inside(namespace)


def inside(namespace: str) -> list[str]:
    """What to put before a command so that it runs there."""
    return ["ip", "netns", "exec", namespace]


def why_not() -> str:
    """Why namespaces cannot be made here; empty when they can."""
    if os.geteuid() != 0:
        return "making network namespaces needs root"
    if shutil.which("ip") is None:
        return "iproute2 is not installed"
    name = f"aw-{secrets.token_hex(3)}"
    try:
        _ip("netns", "add", name)
        _ip("-n", name, "link", "add", "probe0", "type", "veth", "peer", "name", "probe1")
    except subprocess.CalledProcessError as error:
        return f"the kernel refuses: {error.stderr.strip()}"
    finally:
        subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)
    return ""


@contextmanager
def cable() -> Iterator[Cable]:
    """Two namespaces, their loopbacks and the cable up."""
    run = secrets.token_hex(3)
    ends = Cable(f"aw-cam-{run}", f"aw-hub-{run}")
    try:
        for namespace in (ends.camera, ends.hub):
            _ip("netns", "add", namespace)
            _ip("-n", namespace, "link", "set", "lo", "up")
        _ip("-n", ends.camera, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", ends.hub)
        for namespace in (ends.camera, ends.hub):
            _ip("-n", namespace, "link", "set", "eth0", "up")
        yield ends
    finally:
        for namespace in (ends.camera, ends.hub):
            subprocess.run(["ip", "netns", "del", namespace], check=False, capture_output=True)


@contextmanager
def cable_with_ipv6() -> Iterator[Cable]:
    """The same, with each end sure of its own address of IPv6; the test is skipped where that cannot be had."""
    if reason := why_not():
        pytest.skip(reason)
    with cable() as made:
        try:
            made.near(made.camera), made.near(made.hub)
        except AssertionError:
            pytest.skip("the kernel gives interfaces no addresses of IPv6")
        yield made


@dataclass(frozen=True)
class Shop:
    """A hub with a switch in its own namespace (`br0`), and cameras with a cable to it each (`eth0` at their end)."""

    hub: str
    cameras: tuple[str, ...]

    def plug(self, camera: int, *, in_: bool) -> None:
        """Put a camera's cable into the switch, or pull it; the camera keeps its addresses."""
        _ip("-n", self.hub, "link", "set", f"port{camera}", "up" if in_ else "down")

    def hold_multicast_back(self) -> None:
        """As a switch does that spares the cameras what they have not asked it for, mDNS among it."""
        for number in range(len(self.cameras)):
            command = ["bridge", "-n", self.hub, "link", "set", "dev", f"port{number}", "mcast_flood", "off"]
            subprocess.run(command, check=True, capture_output=True)


@contextmanager
def shop(count: int) -> Iterator[Shop]:
    """The hub at 10.77.0.1 and `count` cameras from 10.77.0.10 on, whose cables are not plugged in yet."""
    run = secrets.token_hex(3)
    made = Shop(f"aw-hub-{run}", tuple(f"aw-cam{number}-{run}" for number in range(count)))
    try:
        for namespace in (made.hub, *made.cameras):
            _ip("netns", "add", namespace)
            _ip("-n", namespace, "link", "set", "lo", "up")
        _ip("-n", made.hub, "link", "add", "br0", "type", "bridge")
        _ip("-n", made.hub, "address", "add", "10.77.0.1/24", "dev", "br0")
        _ip("-n", made.hub, "link", "set", "br0", "up")
        for number, camera in enumerate(made.cameras):
            port = f"port{number}"
            _ip("-n", made.hub, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", camera)
            _ip("-n", made.hub, "link", "set", port, "master", "br0")
            _ip("-n", camera, "address", "add", f"10.77.0.{10 + number}/24", "dev", "eth0")
            _ip("-n", camera, "link", "set", "eth0", "up")
        yield made
    finally:
        for namespace in (made.hub, *made.cameras):
            subprocess.run(["ip", "netns", "del", namespace], check=False, capture_output=True)


def _ip(*arguments: str) -> str:
    return subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True).stdout
