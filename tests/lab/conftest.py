"""What the laboratory's tests share: roots made once, and a system booted from one."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.e2e.camera import config_text
from tests.lab import nspawn
from tests.lab.nspawn import Machine
from tests.lab.roots import BOOKWORM, add_agent, root_of, wheel

OURS = ("aislewatch.service", "aislewatch-firstboot.service", "aislewatch-update-confirm.service")
FIRST_BOOT = """#!/bin/sh
# The laboratory's stand-in for the image's own program: counts its calls, fails where it is told to.
echo called >> /var/lib/aislewatch-firstboot/calls
[ ! -e /var/lib/aislewatch-firstboot/fail ]
"""
CONFIRM = """#!/bin/sh
# The laboratory's stand-in for the image's own program: judges by what the updater left.
echo called >> /var/lib/aislewatch-update/calls
verdict=$(cat /var/lib/aislewatch-update/pending)
rm /var/lib/aislewatch-update/pending
[ "$verdict" = good ]
"""

Boot = Callable[[Callable[[Path], None]], AbstractContextManager[Machine]]


@pytest.fixture(scope="session")
def bookworm() -> Path:
    """Debian bookworm with the agent's dependencies."""
    reason = nspawn.impossible()
    if reason:
        pytest.skip(reason)
    return root_of(BOOKWORM)


@pytest.fixture(scope="session")
def agent_wheel(bookworm: Path) -> Path:
    return wheel()


@pytest.fixture(scope="session")
def boot(bookworm: Path, agent_wheel: Path) -> Boot:
    """Boots the agent's system; a test changes its files before."""

    def booted(prepare: Callable[[Path], None]) -> AbstractContextManager[Machine]:
        def whole(root: Path) -> None:
            add_agent(root, agent_wheel)
            furnish(root)
            prepare(root)

        return nspawn.booted(bookworm, whole)

    return booted


@pytest.fixture(scope="module")
def camera(boot: Boot) -> Iterator[Machine]:
    """A camera in a simulated shop full of people, whose siren is a file and therefore soon on."""
    with boot(lambda root: None) as machine:
        machine.until_ready()
        yield machine


def configuration() -> str:
    """A simulated shop full of people, the API's socket, and no safe mode: tests end the agent again and again."""
    text = config_text(Path("/var/lib/aislewatch"), port=8723)
    text = text.replace("[api]", '[api]\nsocket = "/run/aislewatch/api.sock"')
    return text + "[health]\nsafe_after = 0\n"


def furnish(root: Path) -> None:
    """The configuration, and stand-ins for the two programs that only an image has."""
    folder = root / "etc/aislewatch"
    folder.mkdir()
    (folder / "config.toml").write_text(configuration())
    for name, text in (("firstboot", FIRST_BOOT), ("update-confirm", CONFIRM)):
        program = root / "usr/lib/aislewatch" / name
        program.write_text(text)
        program.chmod(0o755)
    shutil.copy2(Path(__file__).with_name("probe.py"), root / "usr/lib/aislewatch/probe.py")
    subprocess.run(["systemctl", f"--root={root}", "preset", *OURS], check=True, capture_output=True, timeout=60)
