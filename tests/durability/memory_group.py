"""A memory cgroup that a process is put into beside a hog, so that the kernel itself kills it for want of memory."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_VERSION_1, _VERSION_2 = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")
_ROOM = 48 << 20
_NUMBERS = itertools.count()
# Nobody may kill the hog; it joins the group, then takes a megabyte at a time until somebody else is dead.
_HOG = """
import os, sys, time
open("/proc/self/oom_score_adj", "w").write("-1000")
open(sys.argv[1], "w").write(str(os.getpid()))
held = []
while True:
    held.append(b"x" * (1 << 20))
    time.sleep(0.0005)
"""


@dataclass(frozen=True)
class MemoryGroup:
    """One cgroup; `limit`, `kills` are its files for the limit in bytes and the count of kernel kills."""

    folder: Path
    limit: Path
    kills: Path

    def starve(self, pid: int) -> None:
        """Put the process into the group and eat all its memory; returns once the kernel has killed it."""
        before = self.killed
        self.limit.write_text(str(_ROOM))
        members = self.folder / "cgroup.procs"
        members.write_text(str(pid))
        hog = subprocess.Popen([sys.executable, "-S", "-E", "-c", _HOG, str(members)])
        try:
            end_s = time.monotonic() + 60.0
            while self.killed == before:
                assert hog.poll() is None, "the hog died, not the camera"
                assert time.monotonic() < end_s, "the kernel killed nobody"
                time.sleep(0.005)
        finally:
            hog.kill()
            hog.wait()

    @property
    def killed(self) -> int:
        """How many members the kernel has killed."""
        counts = dict(line.split() for line in self.kills.read_text().splitlines())
        return int(counts["oom_kill"])


def why_not() -> str:
    """Why no memory cgroup can be made here; empty where one can."""
    if os.geteuid() != 0:
        return "a memory cgroup needs root"
    try:
        with memory_group():
            return ""
    except OSError as error:
        return f"no memory cgroup can be made: {error}"


@contextmanager
def memory_group() -> Iterator[MemoryGroup]:
    """A new group of its own, of either version of cgroups; removed afterwards. Raises OSError."""
    name = f"aislewatch-{os.getpid()}-{next(_NUMBERS)}"
    if (_VERSION_1 / "memory.limit_in_bytes").exists():
        folder = _VERSION_1 / name
        group = MemoryGroup(folder, folder / "memory.limit_in_bytes", folder / "memory.oom_control")
    else:
        folder = _VERSION_2 / name
        group = MemoryGroup(folder, folder / "memory.max", folder / "memory.events")
    folder.mkdir()
    try:
        if not group.limit.exists():
            raise OSError(f"the memory controller is not given to {folder}")
        yield group
    finally:
        _remove(folder)


def _remove(folder: Path) -> None:
    """The kernel lets go of a group a moment after its last member."""
    for _ in range(500):
        with suppress(OSError):
            folder.rmdir()
            return
        time.sleep(0.01)
