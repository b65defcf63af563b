"""A booted system without a board: systemd-nspawn over a throw-away layer on a cached root."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hal.simulated.latched import is_on
from tests.lab.roots import missing

AGENT = "aislewatch.service"
PROGRAMS = ("mmdebstrap", "systemd-nspawn", "unshare", "nsenter")
BOOTS = "var/lib/boots"
BOOT_S = RESTART_S = 90.0
COUNTER = f"""[Unit]
Description=Counts the boots
[Service]
Type=oneshot
ExecStart=/bin/sh -c "echo boot >> /{BOOTS}"
"""
# Runs in a mount and process namespace of its own: what it mounts and starts is gone with it.
PROLOGUE = """
set -e
mount -t cgroup2 none /sys/fs/cgroup
mkdir -p /sys/fs/cgroup/$NAME
echo $$ > /sys/fs/cgroup/$NAME/cgroup.procs
mount -t tmpfs tmpfs /run
"""
BOOTING = """
status=133 # systemd-nspawn ends so when the system inside wants to be restarted
while [ $status = 133 ]; do
    status=0
    systemd-nspawn --quiet --boot --register=no --keep-unit --private-network --link-journal=no --resolv-conf=off \\
        --console=pipe --machine=$NAME --directory="$ROOT" || status=$?
done
exit $status
"""


@dataclass(frozen=True)
class Entry:
    """A line of the journal: when (monotonic seconds), from which unit or program, and what."""

    t_s: float
    unit: str
    text: str


class Machine:
    """A booted root, driven from outside."""

    def __init__(self, outer: subprocess.Popen[bytes], root: Path, console: Path) -> None:
        self._outer = outer
        self._console = console
        self.root = root
        self._struck = ""

    @property
    def leader(self) -> int | None:
        """systemd inside, by its process number here; None between two boots."""
        return next((pid for pid in _below(self._outer.pid) if _name(pid) == "systemd"), None)

    def boots(self) -> int:
        """How often the system was started."""
        path = self.root / BOOTS
        return len(path.read_text().splitlines()) if path.exists() else 0

    def run(self, *command: str, check: bool = True, limit_s: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a command inside as root."""
        done = subprocess.run(self._inside(command), check=False, capture_output=True, text=True, timeout=limit_s)
        assert not check or done.returncode == 0, f"{command}: {done.returncode}: {done.stdout}{done.stderr}"
        return done

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Begin a command inside as root."""
        return subprocess.Popen(self._inside(command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def facts(self, unit: str, *names: str) -> dict[str, str]:
        """Properties of a unit, as `systemctl show` has them."""
        shown = self.run("systemctl", "show", unit, *(f"--property={name}" for name in names)).stdout
        return dict(line.split("=", 1) for line in shown.splitlines())

    def fact(self, unit: str, name: str) -> str:
        return self.facts(unit, name)[name]

    def signal(self, name: str) -> float:
        """Send a signal to the agent; returns the monotonic time of it."""
        facts = self.facts(AGENT, "MainPID", "InvocationID")
        assert facts["MainPID"] != "0", f"the agent does not run: {self._log_end()}"
        self._struck, before_s = facts["InvocationID"], time.monotonic()
        self.run("kill", f"-{name}", facts["MainPID"])
        return before_s

    def until_restarted(self) -> None:
        """Wait until another agent than the one that `signal` struck is ready."""
        self.eventually(lambda: self.fact(AGENT, "InvocationID") != self._struck, RESTART_S)
        self.until_ready()

    def until_up(self) -> None:
        """Wait until the system has started what it starts, a failed unit or not."""
        self._until(lambda: self._state() in ("running", "degraded"), "the system did not come up")

    def reboot(self) -> None:
        """Restart the system and wait until it is up again; the root stays as it is."""
        boots = self.boots()
        self.run("systemctl", "reboot", "--no-block")
        self._until(lambda: self.boots() > boots, "the system did not restart")
        self.until_up()

    def until_ready(self, seconds: float = 60) -> None:
        """Wait until the agent has said that it is ready."""
        self.eventually(lambda: self.fact(AGENT, "ActiveState") == "active", seconds)

    def siren(self) -> bool:
        """Whether the siren is on, as whoever stands in the shop hears it."""
        return is_on(self.root / "var/lib/aislewatch/lines", "siren")

    def journal(self, unit: str, since_s: float = 0.0) -> list[Entry]:
        """What a unit, and systemd about it, wrote into the log since a monotonic time."""
        listed = self.run("journalctl", "--output=json", "--no-pager", f"--unit={unit}").stdout
        entries = [_entry(json.loads(line)) for line in listed.splitlines()]
        return [entry for entry in entries if entry.t_s >= since_s]

    def said(self, unit: str, words: str, since_s: float = 0.0) -> Entry | None:
        """The first entry with these words."""
        return next((entry for entry in self.journal(unit, since_s) if words in entry.text), None)

    def eventually(self, condition: Callable[[], Any], seconds: float) -> Any:
        """The first true answer; fails when there is none within the time."""
        end_s = time.monotonic() + seconds
        while not (answer := condition()):
            assert time.monotonic() < end_s, f"not within {seconds:g} s; the agent's log ends with:\n{self._log_end()}"
            time.sleep(0.05)
        return answer

    def _inside(self, command: Sequence[str]) -> list[str]:
        return ["nsenter", f"--target={self.leader or self._outer.pid}", "--all", "--", *command]

    def _state(self) -> str:
        return self.run("systemctl", "is-system-running", check=False).stdout.strip() if self.leader else ""

    def _console_end(self) -> str:
        return self._console.read_text(errors="replace")[-2000:]

    def _until(self, condition: Callable[[], bool], complaint: str) -> None:
        """Wait for what a whole boot may take. Raises RuntimeError."""
        end_s = time.monotonic() + BOOT_S
        while not condition():
            if time.monotonic() > end_s or self._outer.poll() is not None:
                raise RuntimeError(f"{complaint}; its console ends with: {self._console_end()}")
            time.sleep(0.1)

    def _log_end(self) -> str:
        return "\n".join(f"{entry.t_s:.3f} {entry.text}" for entry in self.journal(AGENT)[-30:])


def impossible() -> str | None:
    """Why no system can be booted or entered here; None when one can."""
    if reason := missing(PROGRAMS):
        return reason
    trial = ["unshare", "--mount", "--pid", "--fork", "sh", "-c", PROLOGUE]
    tried = subprocess.run(trial, check=False, env=_environment("aislewatch-trial"), capture_output=True, timeout=30)
    return f"this machine forbids it: {tried.stderr.decode().strip()}" if tried.returncode else None


@contextmanager
def booted(base: Path, prepare: Callable[[Path], None], name: str = "aislewatch-lab") -> Iterator[Machine]:
    """Boot a root, changed by `prepare`; the cached one below it stays as it is."""
    with tempfile.TemporaryDirectory(prefix=name) as folder, layered(base, Path(folder)) as root:
        prepare(root)
        _count_boots(root)
        console = Path(folder, "console")
        with console.open("wb") as log, _spawned(root, name, log) as outer:
            machine = Machine(outer, root, console)
            machine.until_up()
            yield machine


@contextmanager
def layered(base: Path, folder: Path) -> Iterator[Path]:
    """A writable view of `base` whose changes live in `folder` until the end."""
    upper, work, merged = (folder / name for name in ("upper", "work", "merged"))
    for path in (upper, work, merged):
        path.mkdir()
    layers = f"lowerdir={base},upperdir={upper},workdir={work}"
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, merged], check=True, timeout=30)
    try:
        yield merged
    finally:
        subprocess.run(["umount", merged], check=True, timeout=30)


@contextmanager
def _spawned(root: Path, name: str, log: Any) -> Iterator[subprocess.Popen[bytes]]:
    """The outermost process; everything below it dies at the end."""
    command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", PROLOGUE + BOOTING]
    environment = _environment(name, ROOT=str(root))
    outer = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield outer
    finally:
        outer.kill()
        outer.wait()


def _environment(name: str, **more: str) -> dict[str, str]:
    return {"NAME": name, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **more}


def _count_boots(root: Path) -> None:
    units = root / "etc/systemd/system"
    (units / "boots.service").write_text(COUNTER)
    (units / "basic.target.wants").mkdir(exist_ok=True)
    (units / "basic.target.wants/boots.service").symlink_to("../boots.service")


def _name(pid: int) -> str:
    path = Path(f"/proc/{pid}/comm")
    return path.read_text().strip() if path.exists() else ""


def _below(pid: int) -> Iterator[int]:
    """Every process below one, nearest first as far as one branch goes."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    for word in path.read_text().split() if path.exists() else ():
        yield int(word)
        yield from _below(int(word))


def _entry(fields: dict[str, Any]) -> Entry:
    message = fields.get("MESSAGE") or ""
    text = message if isinstance(message, str) else bytes(message).decode(errors="replace")
    source = fields.get("UNIT") or fields.get("_SYSTEMD_UNIT") or fields.get("SYSLOG_IDENTIFIER") or ""
    return Entry(int(fields["__MONOTONIC_TIMESTAMP"]) / 1e6, source, text)
