"""Runs inside the agent's sandbox and tries what it must not be able to do; prints {attempt: "done" or the error}."""

import ctypes
import errno
import json
import mmap
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

CLONE_NEWUSER = 0x10000000
STATE = Path("/var/lib/aislewatch")
OTHERS = tuple(map(Path, ("/run/aislewatch", "/tmp", "/var/tmp", "/dev/shm")))
_libc = ctypes.CDLL(None, use_errno=True)


def write(path: str) -> Callable[[], object]:
    return lambda: Path(path).write_text("x")


def call(name: str, *arguments: object) -> Callable[[], object]:
    """A call into libc that reports failure by errno."""

    def attempt() -> None:
        if getattr(_libc, name)(*arguments) < 0:
            raise OSError(ctypes.get_errno(), name)

    return attempt


def run_own_program() -> None:
    """Succeeds where any folder that can be written can be run from, too."""
    outcomes = {str(folder): outcome(partial(run_from, folder)) for folder in (STATE, *OTHERS)}
    if "done" not in outcomes.values():
        raise OSError(errno.EACCES, str(outcomes))


def run_from(folder: Path) -> None:
    program = folder / "probe"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    try:
        subprocess.run([program], check=True)
    finally:
        program.unlink()


def look_at_others() -> None:
    if not any(Path(f"/proc/{pid}").exists() for pid in (1,)):
        raise OSError(errno.ENOENT, "no other process is to be seen")


ATTEMPTS: dict[str, Callable[[], object]] = {
    "keep state": write(str(STATE / "probe.txt")),
    "use the runtime folder": write("/run/aislewatch/probe.txt"),
    "use a private /tmp": write("/tmp/probe.txt"),
    "write /usr": write("/usr/probe.txt"),
    "write /etc": write("/etc/probe.txt"),
    "write /var": write("/var/probe.txt"),
    "write a kernel setting": write("/proc/sys/kernel/panic"),
    "write into a cgroup": write("/sys/fs/cgroup/probe"),
    "read the kernel's log": lambda: Path("/dev/kmsg").read_bytes(),
    "read the shadow file": lambda: Path("/etc/shadow").read_bytes(),
    "run a program of its own": run_own_program,
    "memory both writable and executable": lambda: mmap.mmap(
        -1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
    ),
    "raw packets": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
    "a raw IP socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
    "internet sockets": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM).close(),
    "become root": lambda: os.setuid(0),
    "a namespace of its own": call("unshare", CLONE_NEWUSER),
    "mount": call("mount", b"none", b"/tmp", b"tmpfs", 0, None),
    "set the clock": lambda: time.clock_settime(time.CLOCK_REALTIME, 0),
    "name the host": lambda: socket.sethostname("probe"),
    "load a module": call("syscall", 313, 0, b"", 0),
    "run in real time": lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)),
    "see other processes": look_at_others,
}


def outcome(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))
    except subprocess.CalledProcessError as error:
        return f"ended with {error.returncode}"
    return "done"


if __name__ == "__main__":
    status = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)
    held = {name: status[name] for name in ("Uid", "CapEff", "CapBnd", "NoNewPrivs", "Seccomp")}
    json.dump({"held": held, "outcomes": {name: outcome(attempt) for name, attempt in ATTEMPTS.items()}}, sys.stdout)
