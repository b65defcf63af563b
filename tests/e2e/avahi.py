"""The responder of Debian and of the Raspberry Pi (avahi-daemon) in a network namespace, with a bus of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.waiting import eventually

PROGRAMS = {"avahi-daemon": "avahi-daemon", "avahi-browse": "avahi-utils", "dbus-daemon": "dbus-daemon"}
BUS = """<busconfig>
<type>system</type>
<listen>unix:path={path}</listen>
<auth>EXTERNAL</auth>
<policy context="default">
<allow user="*"/><allow own="*"/><allow send_type="method_call"/><allow send_type="signal"/>
<allow send_requested_reply="true"/><allow receive_requested_reply="true"/>
</policy>
</busconfig>
"""
CONFIG = """[server]
host-name={host}
use-ipv4=yes
use-ipv6=yes
[publish]
publish-workstation=yes
publish-hinfo=no
"""
# Its PID file and socket have fixed names: a mount namespace keeps them apart from those of this computer.
OWN_RUN = 'mount -t tmpfs tmpfs /run && exec "$@"'


def no_avahi() -> str:
    """What is missing for it; empty where nothing is."""
    lacking = [package for program, package in PROGRAMS.items() if shutil.which(program) is None]
    return f"not installed: {', '.join(lacking)}" if lacking else ""


@dataclass
class Avahi:
    """`inside` is what puts a command into its network namespace."""

    inside: Sequence[str]
    folder: Path
    daemon: subprocess.Popen[bytes] | None = None

    @property
    def _environment(self) -> dict[str, str]:
        return {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={self.folder}/bus"}

    def start(self) -> None:
        """Have it run, and answer."""
        command = ["avahi-daemon", "--no-drop-root", "--no-chroot", "--no-rlimits", "-f", str(self.folder / "conf")]
        own = [*self.inside, "unshare", "--mount", "sh", "-c", OWN_RUN, "sh"]
        log = (self.folder / "log").open("ab")
        with log:
            self.daemon = subprocess.Popen([*own, *command], env=self._environment, stdout=log, stderr=log)
        eventually(lambda: b"Server startup complete" in (self.folder / "log").read_bytes(), 30)

    def stop(self) -> None:
        """End it as its unit does: it says goodbye for what it has announced."""
        if self.daemon is not None:
            self.daemon.terminate()
            self.daemon.wait()
        (self.folder / "log").write_bytes(b"")

    def browse(self, service: str) -> list[list[str]]:
        """What its own program finds and resolves within a moment: the fields of its lines, `=` first."""
        command = [*self.inside, "avahi-browse", "--parsable", "--resolve", "--terminate", service]
        told = subprocess.run(command, env=self._environment, check=True, capture_output=True, text=True, timeout=30)
        return [line.split(";") for line in told.stdout.splitlines() if line.startswith("=")]

    def said(self) -> str:
        """What it has written since its start."""
        return (self.folder / "log").read_text()


@contextmanager
def avahi(inside: Sequence[str], folder: Path, host: str) -> Iterator[Avahi]:
    """A running one that calls its computer `host`."""
    folder.mkdir()
    (folder / "conf").write_text(CONFIG.format(host=host))
    (folder / "bus.conf").write_text(BUS.format(path=folder / "bus"))
    bus = subprocess.Popen([*inside, "dbus-daemon", f"--config-file={folder}/bus.conf", "--nofork", "--nopidfile"])
    made = Avahi(inside, folder)
    try:
        eventually((folder / "bus").exists)
        made.start()
        yield made
    finally:
        made.stop()
        bus.terminate()
        bus.wait()
